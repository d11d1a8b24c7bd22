// The device's key in the Keychain: after the first unlock, on this device only.

#if canImport(Security)
import Foundation
import Security

/// Keeps the key of one workspace.
public final class KeychainStore: KeyStore, @unchecked Sendable {
    private let query: [CFString: Any]

    /// A place in the Keychain: a service for the app, an account for the workspace.
    public init(service: String, account: String) {
        query = [
            kSecClass: kSecClassGenericPassword,
            kSecAttrService: service,
            kSecAttrAccount: account,
        ]
    }

    public func load() throws -> Data? {
        var asked = query
        asked[kSecReturnData] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(asked as CFDictionary, &found)
        switch status {
        case errSecSuccess: return found as? Data
        case errSecItemNotFound: return nil
        default: throw KeyStoreError.Unavailable(reason: "the Keychain answers \(status)")
        }
    }

    public func save(secret: Data) throws {
        var item = query
        item[kSecValueData] = secret
        item[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        let status = SecItemAdd(item as CFDictionary, nil)
        guard status == errSecSuccess else {
            throw KeyStoreError.Unavailable(reason: "the Keychain answers \(status)")
        }
    }
}
#endif
