// The text of every error, for the person at the screen: `message`, and so `localizedDescription`.

extension CaseworkError {
    /// What happened, and the way out.
    public var message: String {
        switch self {
        case let .Invalid(message), let .Unchanged(message), let .Asks(message),
            let .Changed(message), let .Denied(message), let .Unavailable(message), let .InUse(message),
            let .Corrupt(message), let .Closed(message), let .Internal(message):
            return message
        }
    }
}

extension KeyStoreError {
    /// What the store says.
    public var message: String {
        switch self {
        case let .Unavailable(reason), let .Failed(reason): return reason
        }
    }
}

extension ObserverError {
    /// What the observer says.
    public var message: String {
        switch self {
        case let .Failed(reason): return reason
        }
    }
}
