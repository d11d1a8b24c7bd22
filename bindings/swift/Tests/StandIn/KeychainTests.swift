// The key store for the Keychain, played with one in memory (Security.swift).

import Foundation
import Security
import XCTest

@testable import Casework

final class KeychainTests: StagedTests {
    private let store = KeychainStore(service: "org.example.cases", account: "field-office")

    override func setUp() {
        (Keychain.items, Keychain.answer) = ([:], nil)
    }

    func test_a_device_opens_its_workspace_with_the_key_in_the_keychain() throws {
        let folder = folder()
        let made = try Workspace.create(folder: folder, new: someone, keyStore: store)
        let device = try made.info().deviceId
        made.shutdown()
        XCTAssertFalse(FileManager.default.fileExists(atPath: folder + "/device.key"))
        let item = try XCTUnwrap(Keychain.items.values.first)
        XCTAssertEqual((item[kSecValueData] as? Data)?.count, 32)
        XCTAssertEqual(item[kSecAttrAccessible] as? String, kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly)
        let again = try Workspace.open(folder: folder, keyStore: store)
        XCTAssertEqual(try again.info().deviceId, device)
        again.shutdown()
    }

    func test_saving_replaces_and_deleting_forgets() throws {
        XCTAssertNil(try store.load())
        for byte: UInt8 in [1, 2] {
            try store.save(secret: Data(repeating: byte, count: 32))
            XCTAssertEqual(try store.load(), Data(repeating: byte, count: 32))
        }
        XCTAssertEqual(Keychain.items.count, 1)
        try store.delete()
        try store.delete()
        XCTAssertNil(try store.load())
    }

    func test_each_account_and_each_group_has_a_key_of_its_own() throws {
        try store.save(secret: Data(repeating: 1, count: 32))
        let others = [
            KeychainStore(service: "org.example.cases", account: "head-office"),
            KeychainStore(service: "org.example.cases", account: "field-office", accessGroup: "group.example"),
        ]
        for other in others {
            XCTAssertNil(try other.load())
            try other.save(secret: Data(repeating: 2, count: 32))
        }
        XCTAssertEqual(try store.load(), Data(repeating: 1, count: 32))
    }

    func test_what_can_be_tried_again_is_told_from_what_cannot() throws {
        let work: [() throws -> Void] = [
            { _ = try self.store.load() }, { try self.store.save(secret: Data(count: 32)) }, { try self.store.delete() },
        ]
        for use in work {
            Keychain.answer = errSecInteractionNotAllowed
            XCTAssertThrowsError(try use()) { error in
                guard case .Unavailable? = error as? KeyStoreError else { return XCTFail("\(error)") }
                XCTAssertTrue(error.localizedDescription.contains("unlock it and try again"), "\(error)")
            }
            Keychain.answer = errSecMissingEntitlement
            XCTAssertThrowsError(try use()) { error in
                guard case .Failed? = error as? KeyStoreError else { return XCTFail("\(error)") }
                XCTAssertTrue(error.localizedDescription.contains("entitlement"), "\(error)")
            }
        }
        fails("entitlement", { try Workspace.open(folder: self.made(), keyStore: self.store) }, as: { _ in true })
    }

    private func made() throws -> String {
        let folder = folder()
        Keychain.answer = nil
        try Workspace.create(folder: folder, new: someone, keyStore: store).shutdown()
        Keychain.answer = errSecMissingEntitlement
        return folder
    }
}
