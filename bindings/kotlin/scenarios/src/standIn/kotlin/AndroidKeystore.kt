/** The same for the Keystore, with a provider in memory behind it that is as strict as Android's. */
package android.security.keystore

import java.io.InputStream
import java.io.OutputStream
import java.security.InvalidKeyException
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.SecureRandom
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey

class KeyPermanentlyInvalidatedException : InvalidKeyException()

object KeyProperties {
    const val PURPOSE_ENCRYPT = 1
    const val PURPOSE_DECRYPT = 2
    const val BLOCK_MODE_GCM = "GCM"
    const val ENCRYPTION_PADDING_NONE = "NoPadding"
    const val KEY_ALGORITHM_AES = "AES"
}

class KeyGenParameterSpec private constructor(val alias: String, val asked: Map<String, Any>) : AlgorithmParameterSpec {
    class Builder(private val alias: String, purposes: Int) {
        private val asked = mutableMapOf<String, Any>("purposes" to purposes)

        fun setBlockModes(vararg modes: String) = apply { asked["modes"] = modes.toList() }

        fun setEncryptionPaddings(vararg paddings: String) = apply { asked["paddings"] = paddings.toList() }

        fun setKeySize(bits: Int) = apply { asked["bits"] = bits }

        fun build() = KeyGenParameterSpec(alias, asked)
    }
}

/** The provider `AndroidKeyStore`, whose keys are in [keys]. */
class InMemory : Provider("AndroidKeyStore", "1", "keys in memory, for tests") {
    init {
        put("KeyStore.AndroidKeyStore", Keys::class.java.name)
        put("KeyGenerator.AES", Maker::class.java.name)
    }

    companion object {
        val keys: MutableMap<String, SecretKey> = Collections.synchronizedMap(mutableMapOf())
    }
}

class Maker : KeyGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = params as KeyGenParameterSpec
        val wanted = mapOf("purposes" to 3, "modes" to listOf("GCM"), "paddings" to listOf("NoPadding"), "bits" to 256)
        check(spec.asked == wanted) { "${spec.asked} is not what this key is for" }
    }

    override fun engineInit(random: SecureRandom?) = error("a key needs a name")

    override fun engineInit(bits: Int, random: SecureRandom?) = error("a key needs a name")

    override fun engineGenerateKey(): SecretKey {
        val maker = KeyGenerator.getInstance("AES", "SunJCE")
        maker.init(256)
        return maker.generateKey().also { InMemory.keys[spec.alias] = it }
    }
}

class Keys : KeyStoreSpi() {
    override fun engineLoad(stream: InputStream?, password: CharArray?) = check(stream == null)

    override fun engineGetKey(alias: String, password: CharArray?): Key? = InMemory.keys[alias]

    override fun engineContainsAlias(alias: String) = alias in InMemory.keys

    override fun engineAliases(): Enumeration<String> = Collections.enumeration(InMemory.keys.keys)

    override fun engineSize() = InMemory.keys.size

    override fun engineIsKeyEntry(alias: String) = alias in InMemory.keys

    override fun engineDeleteEntry(alias: String) {
        InMemory.keys.remove(alias)
    }

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

    override fun engineGetCertificate(alias: String): Certificate? = null

    override fun engineGetCertificateAlias(certificate: Certificate?): String? = null

    override fun engineGetCreationDate(alias: String): Date? = null

    override fun engineIsCertificateEntry(alias: String) = false

    override fun engineSetKeyEntry(a: String, k: Key, p: CharArray?, c: Array<Certificate>?) = error("made here only")

    override fun engineSetKeyEntry(a: String, k: ByteArray, c: Array<Certificate>?) = error("made here only")

    override fun engineSetCertificateEntry(alias: String, certificate: Certificate?) = error("keys only")

    override fun engineStore(stream: OutputStream?, password: CharArray?) = error("never stored")
}
