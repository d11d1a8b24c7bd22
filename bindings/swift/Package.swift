// swift-tools-version: 5.9
// The library comes as an XCFramework, made by `swift/xcframework.sh` on a Mac; the same script puts
// the generated sources into Sources/Casework.
import PackageDescription

let package = Package(
    name: "Casework",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "Casework", targets: ["Casework"])
    ],
    targets: [
        .binaryTarget(name: "caseworkFFI", path: "CaseworkFFI.xcframework"),
        .target(
            name: "Casework",
            dependencies: ["caseworkFFI"],
            resources: [.copy("PrivacyInfo.xcprivacy")]
        ),
        // Killed by a test in the middle of an action.
        .executableTarget(name: "casework-actor", dependencies: ["Casework"], path: "Tests/Actor"),
        .testTarget(name: "CaseworkTests", dependencies: ["Casework", "casework-actor"]),
    ]
)
