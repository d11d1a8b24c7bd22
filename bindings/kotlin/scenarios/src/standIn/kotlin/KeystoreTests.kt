/** The key store for Android, played on the JVM with a Keystore in memory. */
package casework

import android.content.Context
import android.security.keystore.InMemory
import android.system.Os
import java.io.File
import java.nio.file.Files
import java.security.Security

class KeystoreTests(private val root: File) {
    private val context = Context(root)
    private val file = File(root, "casework.field-office.key")

    private fun store() = KeystoreStore(context, "field-office")

    fun test_a_device_opens_its_workspace_with_the_key_it_wrapped() {
        val folder = File(root, "workspace").path
        val made = Workspace.create(folder, NEW, store())
        val device = made.info().deviceId
        made.shutdown()
        holds(!File(folder, "device.key").exists())
        val again = Workspace.open(folder, store())
        same(again.info().deviceId, device)
        again.shutdown()
    }

    fun test_nothing_that_lies_on_disk_holds_the_secret() {
        val secret = ByteArray(32) { (it + 1).toByte() }
        store().save(secret)
        same(root.list()!!.toList(), listOf(file.name))
        val kept = file.readBytes()
        same(kept.size, 1 + 12 + 32 + 16)
        holds((0..kept.size - 4).none { at -> (0 until 4).all { kept[at + it] == secret[it] } })
        holds(store().load().contentEquals(secret))
        // The same again is encrypted anew, with another nonce.
        store().save(secret)
        holds(!file.readBytes().contentEquals(kept))
    }

    fun test_a_lost_wrapping_key_leads_to_joining_again() {
        same(store().load(), null)
        val folder = File(root, "workspace").path
        Workspace.create(folder, NEW, store()).shutdown()
        InMemory.keys.clear()
        same(store().load(), null)
        fails<CaseworkException.Corrupt>("join again") { Workspace.open(folder, store()) }
        // What was kept under a key that is gone stands in nobody's way.
        Workspace.create(File(root, "next").path, NEW, store()).shutdown()
        same(store().load()?.size, 32)
    }

    fun test_the_file_of_another_workspace_opens_nothing() {
        store().save(ByteArray(32))
        KeystoreStore(context, "other").save(ByteArray(32))
        file.copyTo(File(root, "casework.other.key"), overwrite = true)
        same(KeystoreStore(context, "other").load(), null)
        file.writeBytes(byteArrayOf(9, 9))
        fails<KeyStoreException.Failed>("not what was written") { store().load() }
        fails<IllegalArgumentException>("no name") { KeystoreStore(context, "../x") }
    }

    fun test_a_key_that_was_saved_is_on_the_disk_under_its_name() {
        Os.synced.clear()
        store().save(ByteArray(32))
        same(Os.synced, listOf(root))
    }

    fun test_a_deleted_key_is_gone_from_the_keystore_and_the_disk() {
        store().save(ByteArray(32))
        store().delete()
        holds(!file.exists() && InMemory.keys.isEmpty())
        same(store().load(), null)
        store().delete()
    }

    fun test_a_keystore_that_does_not_answer_is_unavailable() {
        store().save(ByteArray(32))
        Security.removeProvider("AndroidKeyStore")
        fails<KeyStoreException.Unavailable>("Keystore") { store().load() }
        fails<KeyStoreException.Unavailable>("Keystore") { store().save(ByteArray(32)) }
    }
}

/** Runs every test; the process fails with the first one that does. */
fun main() = KeystoreTests::class.java.methods.filter { it.name.startsWith("test_") }.forEach { test ->
    Security.addProvider(InMemory())
    InMemory.keys.clear()
    val root = Files.createTempDirectory("casework").toFile()
    try {
        test.invoke(KeystoreTests(root))
        println("${test.name} ... ok")
    } finally {
        root.deleteRecursively()
    }
}
