// The same for the JVM: what the tests run, and desktop programs use.
plugins {
    kotlin("jvm")
    `java-library`
}

kotlin {
    sourceSets["main"].kotlin.srcDirs("../casework/src/main/kotlin", "../../../target/bindings/kotlin")
    sourceSets["test"].kotlin.srcDir("../casework/src/test/kotlin")
}

dependencies {
    implementation("net.java.dev.jna:jna:5.18.1")
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.10.2")
}
