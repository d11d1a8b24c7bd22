// The field inspection in a terminal.
plugins {
    kotlin("jvm")
    application
}

kotlin { sourceSets["main"].kotlin.srcDir("src/main/kotlin") }

dependencies { implementation(project(":casework-jvm")) }

application { mainClass = "casework.sample.InspectKt" }
