//! Memory that is freed goes back to the system.
//!
//! The allocator of glibc keeps it for later, in as many heaps as there were threads at once: after
//! an hour of long articles that is several times what is in use. It takes its settings
//! from the environment when a process starts, so the server starts itself anew with them.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Two heaps, and whatever has 64 KiB or more, such as the buffers of a busy connection, goes
/// back at once.
const SETTINGS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// Starts the process anew with the settings, unless it has any already. Where that fails it
/// goes on without.
pub(crate) fn configure() {
    if !cfg!(target_env = "gnu") || SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // Returns only if it fails.
    let error = command.args(arguments).envs(SETTINGS).exec();
    eprintln!("talelio-backend goes on with the allocator as it is: {error}");
}
