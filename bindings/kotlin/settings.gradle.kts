// Four modules: the SDK for Android, the same for the JVM, the sample, and the tests of all languages.
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
include(":casework-jvm", ":sample", ":scenarios")
// Without an SDK for Android the plugin of this module fails, whatever was asked for.
if (System.getenv("ANDROID_HOME") != null || rootDir.resolve("local.properties").exists()) include(":casework")
