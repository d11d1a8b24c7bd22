// Three modules: the SDK for Android, the same for the JVM, and the sample.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}
dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}
rootProject.name = "casework"
include(":casework", ":casework-jvm", ":sample")
