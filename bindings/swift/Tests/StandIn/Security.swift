// What KeychainStore uses of Security, declared anew over a Keychain in memory: no system but Apple's
// has it. It shows that the code compiles against these names and what it does with them; the real
// declarations are those of a build on a Mac.

import Foundation

public typealias CFString = String
public typealias CFTypeRef = Any
public typealias CFDictionary = [CFString: Any]
public typealias OSStatus = Int32

public let kSecClass = "class"
public let kSecClassGenericPassword = "genp"
public let kSecAttrService = "svce"
public let kSecAttrAccount = "acct"
public let kSecAttrAccessGroup = "agrp"
public let kSecAttrAccessible = "pdmn"
public let kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly = "cku"
public let kSecReturnData = "r_Data"
public let kSecMatchLimit = "m_Limit"
public let kSecMatchLimitOne = "m_LimitOne"
public let kSecValueData = "v_Data"

public let errSecSuccess: OSStatus = 0
public let errSecUserCanceled: OSStatus = -128
public let errSecNotAvailable: OSStatus = -25291
public let errSecAuthFailed: OSStatus = -25293
public let errSecDuplicateItem: OSStatus = -25299
public let errSecItemNotFound: OSStatus = -25300
public let errSecInteractionNotAllowed: OSStatus = -25308
public let errSecMissingEntitlement: OSStatus = -34018

/// The Keychain; a test may have it answer what it likes.
public enum Keychain {
    nonisolated(unsafe) public static var items: [[String]: CFDictionary] = [:]
    nonisolated(unsafe) public static var answer: OSStatus?

    /// Where an item lies: what its query must say, and may.
    static func place(_ query: CFDictionary) -> [String] {
        precondition(query[kSecClass] as? String == kSecClassGenericPassword, "a query names its class")
        return [kSecAttrService, kSecAttrAccount, kSecAttrAccessGroup].map { query[$0] as? String ?? "" }
    }
}

public func SecItemAdd(_ item: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    if let answer = Keychain.answer { return answer }
    let place = Keychain.place(item)
    guard Keychain.items[place] == nil else { return errSecDuplicateItem }
    Keychain.items[place] = item
    return errSecSuccess
}

public func SecItemUpdate(_ query: CFDictionary, _ new: CFDictionary) -> OSStatus {
    if let answer = Keychain.answer { return answer }
    precondition(new[kSecClass] == nil, "an update names no class")
    let place = Keychain.place(query)
    guard let item = Keychain.items[place] else { return errSecItemNotFound }
    Keychain.items[place] = item.merging(new) { _, new in new }
    return errSecSuccess
}

public func SecItemCopyMatching(_ query: CFDictionary, _ found: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    if let answer = Keychain.answer { return answer }
    guard let item = Keychain.items[Keychain.place(query)] else { return errSecItemNotFound }
    if query[kSecReturnData] as? Bool == true { found?.pointee = item[kSecValueData] }
    return errSecSuccess
}

public func SecItemDelete(_ query: CFDictionary) -> OSStatus {
    if let answer = Keychain.answer { return answer }
    return Keychain.items.removeValue(forKey: Keychain.place(query)) == nil ? errSecItemNotFound : errSecSuccess
}
