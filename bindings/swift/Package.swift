// swift-tools-version: 5.9
// The library comes as an XCFramework, made by `swift/xcframework.sh` on a Mac; generated sources
// are put into Sources/Casework by `cargo xtask bindings --generate` and the same script.
import PackageDescription

let package = Package(
    name: "Casework",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "Casework", targets: ["Casework"])
    ],
    targets: [
        .binaryTarget(name: "caseworkFFI", path: "CaseworkFFI.xcframework"),
        .target(name: "Casework", dependencies: ["caseworkFFI"]),
        // Killed by a test in the middle of an action.
        .executableTarget(name: "casework-actor", dependencies: ["Casework"], path: "Tests/Actor"),
        .testTarget(name: "CaseworkTests", dependencies: ["Casework", "casework-actor"]),
    ]
)
