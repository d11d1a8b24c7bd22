/** Acts on a case until it is killed; every comment that returned is told. */
package casework

fun main(args: Array<String>) {
    val workspace = Workspace.open(args[0])
    var n = 0
    while (true) {
        workspace.comment(args[1], "number $n")
        println(n)
        System.out.flush()
        n++
    }
}
