// The SDK for Android: generated Kotlin, the extensions, and the libraries that
// `bindings/cross.sh android` puts into target/bindings/jniLibs: arm64-v8a, and x86_64 for emulators.
plugins {
    id("com.android.library")
    kotlin("android")
}

kotlin { jvmToolchain(17) }

android {
    // Of the generated R class only; the package of the code is `casework`.
    namespace = "org.casework.sdk"
    compileSdk = 36
    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }
    sourceSets["main"].kotlin.srcDirs("src/android/kotlin", "../../../target/bindings/kotlin")
    sourceSets["main"].jniLibs.srcDir("../../../target/bindings/jniLibs")
}

dependencies {
    implementation("net.java.dev.jna:jna:5.18.1@aar")
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.10.2")
}
