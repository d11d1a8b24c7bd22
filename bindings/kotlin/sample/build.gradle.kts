// The field inspection in a terminal: `gradle :sample:installDist`, then
// sample/build/install/sample/bin/sample FOLDER.
plugins {
    kotlin("jvm")
    application
}

kotlin { jvmToolchain(17) }

dependencies { implementation(project(":casework-jvm")) }

application {
    mainClass = "casework.sample.InspectKt"
    // JNA loads the library; newer JVMs want that to be said.
    applicationDefaultJvmArgs = listOf("--enable-native-access=ALL-UNNAMED")
}

// It asks for commands.
tasks.named<JavaExec>("run") { standardInput = System.`in` }
