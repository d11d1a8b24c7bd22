// The SDK for Android: generated Kotlin, the extensions, and libraries per processor.
plugins {
    id("com.android.library")
    kotlin("android")
}

android {
    namespace = "casework"
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
