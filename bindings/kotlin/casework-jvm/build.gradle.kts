// The same for the JVM: what the tests run, and desktop programs use. The library for this machine
// is packed where JNA looks for it, a folder per system and processor, and that for arm64 Linux with
// it when `bindings/cross.sh linux-arm64` has built it.
plugins {
    kotlin("jvm")
    `java-library`
}

kotlin {
    jvmToolchain(17)
    sourceSets["main"].kotlin.srcDirs("../casework/src/main/kotlin", "../../../target/bindings/kotlin")
}

dependencies {
    implementation("net.java.dev.jna:jna:5.18.1")
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.10.2")
}

/** What Rust has built, in the profile that `cargo xtask` builds. */
val target = rootDir.resolve("../../target")

/** JNA's name for this machine. */
val here: String = run {
    val mac = System.getProperty("os.name").startsWith("Mac")
    val arm = System.getProperty("os.arch") == "aarch64"
    (if (mac) "darwin" else "linux") + "-" + (if (arm) "aarch64" else "x86-64")
}

val natives by tasks.registering(Sync::class) {
    into(layout.buildDirectory.dir("natives"))
    from(target.resolve("release")) {
        include(System.mapLibraryName("casework_native"))
        into(here)
    }
    if (here != "linux-aarch64") {
        from(target.resolve("cross/aarch64-unknown-linux-gnu/mobile")) {
            include("libcasework_native.so")
            into("linux-aarch64")
        }
    }
    val built = target.resolve("release/" + System.mapLibraryName("casework_native"))
    doFirst { check(built.exists()) { "$built is missing: run cargo xtask bindings --generate" } }
}

tasks.processResources { from(natives) }
