//! Projects: what an author has made, shown beside their articles.

mod project;
mod service;

pub use project::{
    CreateError, NewProject, Project, ProjectChange, ProjectChangeError, ProjectError, ProjectPatch, ProjectStore,
};
pub use service::{CreatedProject, Projects};
