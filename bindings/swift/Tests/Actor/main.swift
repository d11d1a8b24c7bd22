// Acts on a case until it is killed; every comment that returned is told.

import Casework
import Foundation

let workspace = try Workspace.open(folder: CommandLine.arguments[1])
var number = 0
while true {
    _ = try workspace.comment(caseId: CommandLine.arguments[2], body: "number \(number)")
    FileHandle.standardOutput.write(Data("\(number)\n".utf8))
    number += 1
}
