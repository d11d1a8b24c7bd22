/**
 * What [casework.KeystoreStore] uses of Android, declared anew: no registry of the tests has an
 * `android.jar`. It shows that the code compiles against these names and what it does with them; the
 * real declarations are those of a build with Gradle.
 */
package android.content

import java.io.File

/** Names the folder that no backup takes along. */
class Context(val noBackupFilesDir: File)
