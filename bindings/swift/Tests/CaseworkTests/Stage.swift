// The stage of the tests: a server process, folders that go away, an observer that keeps what it hears.

import Foundation
import XCTest

@testable import Casework

let template = """
    {"key":"SITE","name":"Inspection","stages":[
    {"id":"open","name":"Open","category":"active"},
    {"id":"waiting","name":"Waiting","category":"waiting"},
    {"id":"done","name":"Done","category":"done"}],
    "fields":[{"id":"site","label":"Site","type":"text","card":true},
    {"id":"visits","label":"Visits","type":"counter"}]}
    """

final class Server {
    private let process = Process()
    let url: String

    init(folder: String) throws {
        let program = ProcessInfo.processInfo.environment["CASEWORK_SERVER"] ?? ""
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--listen", "127.0.0.1:0", "--data", folder]
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let ready = pipe.fileHandleForReading.availableData
        let said = try JSONSerialization.jsonObject(with: ready) as? [String: Any]
        url = said?["url"] as? String ?? ""
    }

    func stop() {
        // Not `waitUntilExit`: it needs the run loop of the thread that started the process, and an
        // asynchronous test has none that runs.
        kill(process.processIdentifier, SIGKILL)
        waitpid(process.processIdentifier, nil, 0)
    }
}

class StagedTests: XCTestCase {
    private var root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    private var made = 0

    override func tearDown() {
        try? FileManager.default.removeItem(at: root)
    }

    func folder() -> String {
        made += 1
        try? FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        return root.appendingPathComponent(String(made)).path
    }

    func founder() throws -> Workspace {
        let workspace = try Workspace.create(folder: folder(), new: someone, keyStore: nil)
        addTeardownBlock { workspace.shutdown() }
        return workspace
    }

    func withTemplate() throws -> (Workspace, String) {
        let ana = try founder()
        return (ana, try ana.importTemplate(package: template).id)
    }

    func host() throws -> (Server, Workspace, String) {
        let server = try Server(folder: folder())
        addTeardownBlock { server.stop() }
        let (ana, kind) = try withTemplate()
        try ana.setServer(address: server.url)
        _ = try ana.sync()
        return (server, ana, kind)
    }

    func line(to server: String? = nil) throws -> Line {
        let line = try Line(to: server)
        addTeardownBlock { line.stop() }
        return line
    }

    func join(_ host: Workspace, _ name: String) throws -> Workspace {
        let link = try invite(host)
        let who = JoinAs(memberName: name, deviceName: "phone")
        let guest = try Workspace.join(folder: folder(), invite: link, who: who)
        addTeardownBlock { guest.shutdown() }
        return guest
    }
}

/// The program that acts until it is killed (Tests/Actor): named by the environment, or built by the
/// package manager beside these tests.
var actorProgram: URL {
    if let named = ProcessInfo.processInfo.environment["CASEWORK_ACTOR"] { return URL(fileURLWithPath: named) }
    let tests = Bundle(for: StagedTests.self).bundleURL
    return tests.deletingLastPathComponent().appendingPathComponent("casework-actor")
}

let someone = NewWorkspace(name: "Field office", memberName: "Ana", deviceName: "laptop")

func openCase(_ workspace: Workspace, _ kind: String, _ title: String = "Bridge 7") throws -> String {
    try workspace.openCase(new: NewCase(templateId: kind, title: title)).caseId
}

func invite(_ host: Workspace) throws -> String {
    let link = try host.invite(gives: .newMember(roles: ["operator"])).link
    _ = try host.sync()
    return link
}

func settle(_ devices: Workspace...) throws {
    for _ in 0..<2 {
        for device in devices { _ = try device.sync() }
    }
}

func seconds(_ use: () throws -> Void) rethrows -> TimeInterval {
    let started = ProcessInfo.processInfo.systemUptime
    try use()
    return ProcessInfo.processInfo.systemUptime - started
}

struct OnPurpose: Error, CustomStringConvertible {
    let description = "on purpose"
}

/// Keeps what it is told, and lets a test wait for it.
final class Ear: WorkspaceObserver, @unchecked Sendable {
    private let bell = NSCondition()
    private var heard: [Event] = []
    private var threads: Set<ObjectIdentifier> = []
    private let throwing: Bool
    private let meanwhile: (@Sendable () -> Void)?

    init(throwing: Bool = false, meanwhile: (@Sendable () -> Void)? = nil) {
        self.throwing = throwing
        self.meanwhile = meanwhile
    }

    var count: Int {
        bell.withLock { heard.count }
    }

    var last: Event? {
        bell.withLock { heard.last }
    }

    /// Whether it was told on this very thread.
    var wasToldHere: Bool {
        bell.withLock { threads.contains(ObjectIdentifier(Thread.current)) }
    }

    func onEvent(event: Event) throws {
        meanwhile?()
        bell.withLock {
            heard.append(event)
            threads.insert(ObjectIdentifier(Thread.current))
            bell.broadcast()
        }
        if throwing { throw OnPurpose() }
    }

    func wait(for wanted: (Event) -> Bool) {
        bell.withLock {
            let end = Date(timeIntervalSinceNow: 20)
            while !heard.contains(where: wanted) {
                XCTAssertTrue(bell.wait(until: end), "it was not told in time; heard: \(heard)")
                if Date() > end { return }
            }
        }
    }

    func waitForChange(of id: String) {
        wait { event in
            if case let .changed(changes) = event { return changes.documents.contains(id) }
            return false
        }
    }
}

func fails<T>(_ words: String = "", _ use: () throws -> T, as expected: (CaseworkError) -> Bool) {
    XCTAssertThrowsError(try use()) { error in
        guard let error = error as? CaseworkError else { return XCTFail("\(error)") }
        XCTAssertTrue(expected(error), "\(error)")
        // What an app shows.
        let text = error.localizedDescription
        XCTAssertEqual(text, error.message)
        if !words.isEmpty { XCTAssertTrue(text.contains(words), "\(text) does not say \(words)") }
    }
}

func ofAnyKind(_ error: CaseworkError) -> Bool {
    true
}

func unchanged(_ error: CaseworkError) -> Bool {
    if case .Unchanged = error { return true }
    return false
}

func corrupt(_ error: CaseworkError) -> Bool {
    if case .Corrupt = error { return true }
    return false
}

func invalid(_ error: CaseworkError) -> Bool {
    if case .Invalid = error { return true }
    return false
}

func denied(_ error: CaseworkError) -> Bool {
    if case .Denied = error { return true }
    return false
}

func closed(_ error: CaseworkError) -> Bool {
    if case .Closed = error { return true }
    return false
}

func unavailable(_ error: CaseworkError) -> Bool {
    if case .Unavailable = error { return true }
    return false
}

func inUse(_ error: CaseworkError) -> Bool {
    if case .InUse = error { return true }
    return false
}
