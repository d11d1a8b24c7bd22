// The tests of bindings/scenarios.txt, a program: `gradle :scenarios:run`. With them the key store
// for Android, against declarations of our own (src/standIn), and the programs of the README.
plugins {
    kotlin("jvm")
    application
}

/** Takes the programs out of the README; what they say of one machine is asked for instead. */
val readme by tasks.registering {
    val page = rootDir.resolve("README.md")
    val folder = layout.buildDirectory.dir("readme")
    inputs.file(page)
    outputs.dir(folder)
    doLast {
        val literals = mapOf(
            "ws://127.0.0.1:7410" to "server",
            "field-office" to "folder",
            "field-inspection.json" to "template",
        )
        page.readText().split("```kotlin\n").drop(1).forEachIndexed { n, block ->
            val code = literals.entries.fold(block.substringBefore("```")) { code, (literal, name) ->
                code.replace("\"$literal\"", "System.getProperty(\"readme.$name\")")
            }
            folder.get().file("Readme${n + 1}.kt").asFile.writeText("package readme\n\n$code")
        }
    }
}

kotlin {
    jvmToolchain(17)
    sourceSets["main"].kotlin.srcDirs("src/standIn/kotlin", "../casework/src/android/kotlin", readme)
}

dependencies {
    implementation(project(":casework-jvm"))
    implementation(project(":sample"))
}

application { mainClass = "casework.ScenariosKt" }

val target = rootDir.resolve("../../target/release")

val keystore by tasks.registering(JavaExec::class) {
    classpath = sourceSets["main"].runtimeClasspath
    mainClass = "casework.KeystoreTestsKt"
}

tasks.named<JavaExec>("run") {
    environment("CASEWORK_SERVER", target.resolve("casework-server").path)
    environment("CASEWORK_TEMPLATE", rootDir.resolve("../samples/field-inspection.json").path)
    dependsOn(keystore)
}
