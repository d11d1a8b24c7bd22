// The device's key in the Keychain: after the first unlock, on this device only, in no backup.
//
// What makes sense to try again is `KeyStoreError.Unavailable`; what is a matter of how the app was
// built or signed is `Failed`.

#if canImport(Security)
import Foundation
import Security

/// Keeps the key of one workspace.
public final class KeychainStore: KeyStore, @unchecked Sendable {
    private let query: [CFString: Any]

    /// A place in the Keychain: a service for the app, an account for the workspace. Programs that
    /// share it, such as an app and its extensions, name their access group.
    public init(service: String, account: String, accessGroup: String? = nil) {
        var query: [CFString: Any] = [
            kSecClass: kSecClassGenericPassword,
            kSecAttrService: service,
            kSecAttrAccount: account,
        ]
        if let accessGroup { query[kSecAttrAccessGroup] = accessGroup }
        #if os(macOS)
        // The Keychain of iOS, not the older one in a file: only there does the accessibility hold.
        query[kSecUseDataProtectionKeychain] = true
        #endif
        self.query = query
    }

    public func load() throws -> Data? {
        var asked = query
        asked[kSecReturnData] = true
        asked[kSecMatchLimit] = kSecMatchLimitOne
        var found: CFTypeRef?
        let status = SecItemCopyMatching(asked as CFDictionary, &found)
        switch status {
        case errSecSuccess:
            guard let secret = found as? Data else {
                throw KeyStoreError.Failed(reason: "the Keychain holds no data at this place")
            }
            return secret
        case errSecItemNotFound: return nil
        default: throw refusal(status, "read")
        }
    }

    /// Replaces what was there.
    public func save(secret: Data) throws {
        let value: [CFString: Any] = [
            kSecValueData: secret,
            kSecAttrAccessible: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
        ]
        let item = query.merging(value) { _, new in new }
        var status = SecItemAdd(item as CFDictionary, nil)
        if status == errSecDuplicateItem {
            status = SecItemUpdate(query as CFDictionary, value as CFDictionary)
        }
        guard status == errSecSuccess else { throw refusal(status, "written") }
    }

    /// Forgets the key: the workspace on this device can no longer be opened. For one that was left.
    public func delete() throws {
        let status = SecItemDelete(query as CFDictionary)
        guard status == errSecSuccess || status == errSecItemNotFound else { throw refusal(status, "deleted") }
    }

    private func refusal(_ status: OSStatus, _ what: String) -> KeyStoreError {
        let what = "the device's key cannot be \(what)"
        switch status {
        case errSecInteractionNotAllowed:
            return .Unavailable(reason: "\(what) while the device is locked: unlock it and try again")
        case errSecNotAvailable:
            return .Unavailable(reason: "\(what), for there is no Keychain now: try again later")
        case errSecUserCanceled, errSecAuthFailed:
            return .Unavailable(reason: "\(what) without your consent: try again and give it")
        case errSecMissingEntitlement:
            return .Failed(
                reason: "\(what): the app lacks an entitlement. Sign it with the capability Keychain "
                    + "Sharing, and with the access group if one is named")
        default:
            return .Unavailable(reason: "\(what): the Keychain answers \(status)")
        }
    }
}
#endif
