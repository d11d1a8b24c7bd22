//! Generating: from the built library, by the generator of the very version it was built with.

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

use super::{Places, fresh_folder};

/// Every language, each into a folder of its own.
pub(super) fn all(places: &Places) -> Result<()> {
    for (language, name) in [
        (TargetLanguage::Python, "python"),
        (TargetLanguage::Kotlin, "kotlin"),
        (TargetLanguage::Swift, "swift"),
    ] {
        let out = places.out.join(name);
        fresh_folder(&out)?;
        generate(GenerateOptions {
            languages: vec![language],
            source: utf8(places.library())?,
            out_dir: utf8(out)?,
            config_override: Some(utf8(places.root.join("bindings/native/uniffi.toml"))?),
            crate_filter: Some("casework_native".to_owned()),
            ..GenerateOptions::default()
        })
        .with_context(|| format!("generating {name}"))?;
    }
    Ok(())
}

fn utf8(path: std::path::PathBuf) -> Result<Utf8PathBuf> {
    Utf8PathBuf::from_path_buf(path)
        .map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
}
