/** The same for the system calls that make a renaming last. */
package android.system

import java.io.File
import java.io.FileDescriptor
import java.nio.channels.FileChannel
import java.nio.file.StandardOpenOption

class ErrnoException(functionName: String, val errno: Int) : Exception("$functionName failed: $errno")

object OsConstants {
    const val O_RDONLY = 0
}

/** Counts what was synced: a folder, once it was opened. */
object Os {
    private const val ENOENT = 2
    private val open = mutableMapOf<FileDescriptor, File>()
    val synced = mutableListOf<File>()

    fun open(path: String, flags: Int, mode: Int): FileDescriptor {
        val file = File(path)
        if (!file.exists() || flags != OsConstants.O_RDONLY || mode != 0) throw ErrnoException("open", ENOENT)
        return FileDescriptor().also { open[it] = file }
    }

    fun fsync(fd: FileDescriptor) {
        val folder = open.getValue(fd)
        FileChannel.open(folder.toPath(), StandardOpenOption.READ).use { it.force(true) }
        synced += folder
    }

    fun close(fd: FileDescriptor) {
        open.remove(fd) ?: throw ErrnoException("close", ENOENT)
    }
}
