//! What may depend on what: layers, folders, and no cycle between two files.
//!
//! ```text
//! handlers/   cli ─► runtimes ─► http ─► response_cache
//!             cli ─► api ─► pages ─► openapi ─► http
//! src/        business ◄─ database, mail, objects
//!             business ─► markdown, imaging, which depend on nothing of ours
//! ```
//!
//! An arrow says "depends on". `response_cache` also uses the vocabulary of `http` (errors,
//! conditional requests), which does not use it.
//!
//! The arrows are read from the sources: from their `use`s, and from the paths in their code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{ItemMod, ItemUse, UseTree, Visibility};

const HTTP: [&str; 8] = ["axum", "http", "hyper", "hyper_util", "lambda_http", "lambda_runtime", "tower", "tower_http"];
const AWS: [&str; 5] =
    ["aws_config", "aws_sdk_dynamodb", "aws_smithy_http_client", "aws_smithy_runtime_api", "aws_smithy_types"];
const STORAGE: [&str; 3] = ["dynoxide", "serde_dynamo", "rusqlite"];

/// A path such as `crate::http::body`, segment by segment.
type Segments = Vec<String>;

/// What a file names.
#[derive(Default)]
struct Names {
    /// Every path that it uses, but for what it hands on to others.
    used: BTreeSet<Segments>,
    /// What it hands on to others with `pub use`, by the name there.
    reexports: BTreeMap<String, Segments>,
}

impl Names {
    fn of(source: &str) -> Self {
        let mut names = Self::default();
        names.visit_file(&syn::parse_file(source).expect("a source that compiles"));
        names
    }
}

impl<'a> Visit<'a> for Names {
    fn visit_item_mod(&mut self, module: &'a ItemMod) {
        // What tests name is no part of the design.
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    /// `pub(super)` says who may use this file, not what it depends on.
    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        for path in leaves(&item.tree) {
            if matches!(item.vis, Visibility::Inherited) {
                self.used.insert(path);
            } else {
                self.reexports.insert(path.last().expect("a name").clone(), path);
            }
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.used.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
}

fn leaves(tree: &UseTree) -> Vec<Segments> {
    match tree {
        UseTree::Path(path) => {
            let before = path.ident.to_string();
            leaves(&path.tree).into_iter().map(|rest| [vec![before.clone()], rest].concat()).collect()
        }
        UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        UseTree::Rename(name) => vec![vec![name.ident.to_string()]],
        UseTree::Glob(_) => vec![vec!["*".to_owned()]],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

/// The files of a crate by their modules, `crate` being the first.
struct Crate(BTreeMap<Segments, Names>);

impl Crate {
    /// The sources in `folder`, whose root is `root`.
    fn read(folder: &str, root: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let module = |path: &Path| {
            let relative = path.strip_prefix(&folder).unwrap().with_extension("");
            let names = relative.iter().map(|name| name.to_str().unwrap().to_owned());
            let names = names.filter(|name| name != "mod" && name != root);
            std::iter::once("crate".to_owned()).chain(names).collect()
        };
        let sources = sources(&folder);
        Self(sources.iter().map(|path| (module(path), Names::of(&fs::read_to_string(path).unwrap()))).collect())
    }

    /// The file where what `path` names in `module` is defined.
    fn definition(&self, module: &[String], path: &[String]) -> Option<Segments> {
        let (first, rest) = path.split_first()?;
        let absolute = match first.as_str() {
            "crate" => path.to_vec(),
            "self" => [module, rest].concat(),
            "super" => {
                let supers = path.iter().take_while(|segment| *segment == "super").count();
                [&module[..module.len().checked_sub(supers)?], &path[supers..]].concat()
            }
            child if self.0.contains_key(&[module, &[child.to_owned()]].concat()) => [module, path].concat(),
            _ => return None,
        };
        let known = (1..=absolute.len()).rev().find(|length| self.0.contains_key(&absolute[..*length]))?;
        let (file, name) = (&absolute[..known], absolute.get(known));
        match name.and_then(|name| self.0[file].reexports.get(name)) {
            Some(target) => self.definition(file, target).or_else(|| Some(file.to_vec())),
            None => Some(file.to_vec()),
        }
    }

    /// The files that the file of `module` needs.
    fn needs(&self, module: &[String]) -> BTreeSet<Segments> {
        let used = self.0[module].used.iter();
        used.filter_map(|path| self.definition(module, path)).filter(|file| file != module).collect()
    }

    fn assert_no_two_files_need_each_other(&self) {
        let needs: BTreeMap<_, _> = self.0.keys().map(|module| (module, self.needs(module))).collect();
        assert!(needs.values().any(|needs| !needs.is_empty()));
        let mut cycles = Vec::new();
        for (module, needed) in &needs {
            for other in needed {
                if needs[other].contains(*module) && *module < other {
                    cycles.push(format!("{} and {}", module.join("::"), other.join("::")));
                }
            }
        }
        assert!(cycles.is_empty(), "{}", cycles.join(", "));
    }

    /// Asserts that no file of `folder` depends on one of `others`.
    fn assert_does_not_depend_on(&self, folder: &str, others: &[&str]) {
        let mut files = 0;
        for module in self.0.keys().filter(|module| module.get(1).is_some_and(|name| name == folder)) {
            files += 1;
            for needed in self.needs(module) {
                let known = needed.get(1).is_some_and(|name| others.contains(&name.as_str()));
                assert!(!known, "{} needs {}", module.join("::"), needed.join("::"));
            }
        }
        assert!(files > 0, "there is no {folder}");
    }

    /// Asserts that no file of `folder` names one of `crates`.
    fn assert_names_none(&self, folder: &str, crates: &[&str]) {
        for (module, names) in self.0.iter().filter(|(module, _)| module.get(1).is_some_and(|name| name == folder)) {
            let named = names.used.iter().filter(|path| path.len() > 1).map(|path| path[0].as_str());
            // A module of our own may be called as a crate is.
            let of_others = named.filter(|name| !self.0.contains_key(&[&module[..], &[(*name).to_owned()]].concat()));
            let forbidden: BTreeSet<_> = of_others.filter(|name| crates.contains(name)).collect();
            assert!(forbidden.is_empty(), "{} names {forbidden:?}", module.join("::"));
        }
    }
}

fn library() -> Crate {
    Crate::read("src", "lib")
}

fn program() -> Crate {
    Crate::read("handlers", "main")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    sources.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn no_two_files_need_each_other() {
    library().assert_no_two_files_need_each_other();
    program().assert_no_two_files_need_each_other();
    Crate::read("tests/handlers", "main").assert_no_two_files_need_each_other();
}

#[test]
fn markdown_and_imaging_depend_on_nothing_of_ours() {
    let library = library();
    let folders = ["aws", "business", "database", "imaging", "mail", "markdown", "objects"];
    for pure in ["markdown", "imaging"] {
        let others: Vec<_> = folders.into_iter().filter(|folder| *folder != pure).collect();
        library.assert_does_not_depend_on(pure, &others);
        library.assert_names_none(pure, &[&HTTP[..], &AWS, &STORAGE, &["tokio", "lettre", "object_store"]].concat());
    }
}

#[test]
fn business_depends_on_neither_http_nor_aws_nor_the_layers_around_it() {
    let library = library();
    library.assert_does_not_depend_on("business", &["aws", "database", "mail", "objects"]);
    library.assert_names_none("business", &[&HTTP[..], &AWS, &STORAGE, &["lettre", "object_store"]].concat());
}

#[test]
fn the_layers_around_business_do_not_depend_on_each_other() {
    let library = library();
    library.assert_does_not_depend_on("database", &["mail", "objects", "markdown", "imaging"]);
    library.assert_names_none("database", &[&HTTP[..], &["lettre", "object_store"]].concat());
    library.assert_does_not_depend_on("mail", &["aws", "database", "objects", "markdown", "imaging"]);
    library.assert_names_none("mail", &[&HTTP[..], &AWS, &STORAGE].concat());
    library.assert_does_not_depend_on("objects", &["database", "mail", "markdown", "imaging"]);
    library.assert_names_none("objects", &[&["axum", "lambda_http", "lettre"][..], &STORAGE].concat());
}

#[test]
fn the_folders_of_the_program_depend_only_on_what_is_below_them() {
    let program = program();
    program.assert_does_not_depend_on("api", &["runtimes", "cli", "config"]);
    program.assert_does_not_depend_on("pages", &["api", "runtimes", "cli", "config"]);
    program.assert_does_not_depend_on("http", &["api", "pages", "openapi", "runtimes", "cli", "config"]);
    program
        .assert_does_not_depend_on("response_cache", &["api", "pages", "openapi", "runtimes", "cli", "config", "app"]);
    program.assert_does_not_depend_on("openapi", &["api", "pages", "runtimes", "cli", "config", "app"]);
    program.assert_does_not_depend_on("runtimes", &["api", "pages", "openapi", "cli", "config"]);
    program.assert_does_not_depend_on("config", &["api", "pages", "openapi", "http", "runtimes", "cli", "app"]);
}

/// What can be seen at a glance: a dozen names in a folder, and a file of a few screens.
#[test]
fn folders_and_files_are_small() {
    fn look(folder: &Path) {
        let entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(entries.len() <= 16, "{} shows {} names", folder.display(), entries.len());
        for path in entries {
            if path.is_dir() {
                look(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                assert!(lines <= 400, "{} has {lines} lines", path.display());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["handlers", "src", "tests/handlers"] {
        look(&root.join(folder));
    }
}

fn of(sources: &[(&str, &str)]) -> Crate {
    let module = |path: &str| path.split("::").map(str::to_owned).collect();
    Crate(sources.iter().map(|(path, source)| (module(path), Names::of(source))).collect())
}

#[test]
#[should_panic(expected = "crate::a and crate::b::c")]
fn a_cycle_is_found_behind_another_name() {
    let sources = [
        ("crate", "mod a; mod b;"),
        ("crate::a", "use super::b::Thing; pub struct Other;"),
        ("crate::b", "mod c; pub use c::Thing;"),
        ("crate::b::c", "fn f() -> crate::a::Other { todo!() } pub struct Thing;"),
    ];
    of(&sources).assert_no_two_files_need_each_other();
}

#[test]
#[should_panic(expected = "names {\"axum\"}")]
fn a_crate_is_found_in_the_middle_of_code() {
    of(&[("crate::a", "fn f() { let x = aws_types::http::X; axum::y() } // hyper::z")])
        .assert_names_none("a", &["axum", "http", "hyper"]);
}
