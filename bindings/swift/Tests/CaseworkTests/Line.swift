// A line for the tests: a listener in front of a server, that counts who connects. In front of
// nothing it takes the call and stays silent.

import Foundation

#if canImport(Glibc)
import Glibc
private let stream = Int32(SOCK_STREAM.rawValue)
#else
import Darwin
private let stream = SOCK_STREAM
#endif

final class Line: @unchecked Sendable {
    private let listening: Int32
    private let to: UInt16?
    private let lock = NSLock()
    private var open: [Int32] = []
    private var counted = 0
    let url: String

    init(to server: String? = nil) throws {
        to = server.flatMap { $0.split(separator: ":").last }.flatMap { UInt16($0) }
        listening = socket(AF_INET, stream, 0)
        var address = Self.here(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = listening
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { known in
                bind(socket, known, length) == 0 && listen(socket, 50) == 0
                    && getsockname(socket, known, &length) == 0
            }
        }
        guard bound else { throw OnPurpose() }
        url = "ws://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread.detachNewThread { self.take() }
    }

    var connections: Int {
        lock.withLock { counted }
    }

    func stop() {
        for socket in lock.withLock({ open + [listening] }) { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    private func take() {
        while true {
            let caller = accept(listening, nil, nil)
            guard caller >= 0 else { return }
            lock.withLock {
                counted += 1
                open.append(caller)
            }
            guard let to else { continue }
            let server = socket(AF_INET, stream, 0)
            var address = Self.here(port: to)
            let reached = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            lock.withLock { open.append(server) }
            guard reached else { continue }
            Thread.detachNewThread { Self.carry(caller, server) }
            Thread.detachNewThread { Self.carry(server, caller) }
        }
    }

    private static func carry(_ from: Int32, _ to: Int32) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(from, &bytes, bytes.count)
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let more = bytes[sent..<count].withUnsafeBytes { write(to, $0.baseAddress, $0.count) }
                guard more > 0 else { break }
                sent += more
            }
        }
        shutdown(to, Int32(SHUT_RDWR))
    }

    private static func here(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}
