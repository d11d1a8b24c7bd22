/**
 * The device's key on Android: encrypted by a key that never leaves the Android Keystore, in a file
 * of the app that no backup takes along.
 *
 * The key itself (Ed25519) cannot live there below API 33, so a key for AES-GCM wraps it. Without
 * the Keystore of this very device the file opens for nobody.
 */
package casework

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.system.ErrnoException
import android.system.Os
import android.system.OsConstants
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.KeyStore as SystemKeys
import java.security.ProviderException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val PROVIDER = "AndroidKeyStore"
private const val CIPHER = "AES/GCM/NoPadding"
private const val NONCE_BYTES = 12
private const val TAG_BITS = 128

/** The first byte of the file: how the rest is to be read (nonce, then ciphertext with its tag). */
private const val LAYOUT: Byte = 1

/**
 * Keeps the key of one workspace. The name is that of the workspace within the app, of letters,
 * digits, `-` and `_`; two workspaces need two names.
 *
 * The key can be used whenever the app runs after the first unlock, so that work goes on in the
 * background. A wrapping key that was lost (a restored backup, a wiped Keystore) makes [load] answer
 * nothing: the library then says to join again as a new device.
 */
class KeystoreStore(private val context: Context, name: String) : KeyStore {
    private val alias = "casework.$name"
    private val file = File(context.noBackupFilesDir, "$alias.key")

    init {
        require(name.isNotEmpty() && name.all { it.isLetterOrDigit() || it in "-_" }) {
            "\"$name\" is no name for a key: letters, digits, - and _ make one"
        }
    }

    override fun load(): ByteArray? = said("reading") {
        if (!file.exists()) return@said null
        val kept = file.readBytes()
        val key = wrapping() ?: return@said null
        if (kept.size <= 1 + NONCE_BYTES || kept[0] != LAYOUT) {
            throw KeyStoreException.Failed("$file is not what was written there")
        }
        try {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, kept, 1, NONCE_BYTES))
            cipher.updateAAD(alias.toByteArray())
            cipher.doFinal(kept, 1 + NONCE_BYTES, kept.size - 1 - NONCE_BYTES)
        } catch (_: KeyPermanentlyInvalidatedException) {
            null
        } catch (_: AEADBadTagException) {
            null
        }
    }

    override fun save(secret: ByteArray): Unit = said("writing") {
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.ENCRYPT_MODE, made())
        cipher.updateAAD(alias.toByteArray())
        // The Keystore chooses the nonce; it refuses one of ours.
        val kept = byteArrayOf(LAYOUT) + cipher.iv + cipher.doFinal(secret)
        val beside = File(file.path + ".new")
        FileOutputStream(beside).use {
            it.write(kept)
            it.fd.sync()
        }
        if (!beside.renameTo(file)) throw IOException("$beside cannot be renamed")
        // A file system may keep what is written later and not the renaming.
        val folder = Os.open(context.noBackupFilesDir.path, OsConstants.O_RDONLY, 0)
        try {
            Os.fsync(folder)
        } finally {
            Os.close(folder)
        }
    }

    /**
     * Takes the key away for good, after its workspace was left and its folder deleted. What was not
     * sent from there can be read by nobody any more.
     */
    fun delete(): Unit = said("deleting") {
        val keys = SystemKeys.getInstance(PROVIDER)
        keys.load(null)
        keys.deleteEntry(alias)
        if (file.exists() && !file.delete()) throw IOException("$file cannot be deleted")
    }

    /** The wrapping key; nothing when the Keystore has none (any more). */
    private fun wrapping(): SecretKey? {
        val keys = SystemKeys.getInstance(PROVIDER)
        keys.load(null)
        return keys.getKey(alias, null) as SecretKey?
    }

    /** A wrapping key of its own for every secret: a lost one is not asked for again. */
    private fun made(): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val asked = KeyGenParameterSpec.Builder(alias, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(256)
            .build()
        val maker = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        maker.init(asked)
        return maker.generateKey()
    }

    /** What the system throws, as what the library understands: trying again later makes sense. */
    private fun <T> said(doing: String, work: () -> T): T = try {
        synchronized(this, work)
    } catch (error: IOException) {
        throw KeyStoreException.Unavailable("$doing the device's key: ${error.message}")
    } catch (error: ErrnoException) {
        throw KeyStoreException.Unavailable("$doing the device's key: ${error.message}")
    } catch (error: GeneralSecurityException) {
        throw KeyStoreException.Unavailable("the Android Keystore, $doing the device's key: $error")
    } catch (error: ProviderException) {
        throw KeyStoreException.Unavailable("the Android Keystore, $doing the device's key: $error")
    }
}
