//! How much memory there is.

use std::fs;
use std::path::Path;

/// What is taken where nothing says how much there is, in bytes.
const UNKNOWN: usize = 512 << 20;

/// The memory of this process in bytes: what its control group may have, or else what the
/// machine has.
pub(super) fn available() -> usize {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|meminfo| total(&meminfo));
    group_limit(&groups).into_iter().chain(machine).min().unwrap_or(UNKNOWN)
}

/// The lowest limit of the control groups that `/proc/self/cgroup` names, and of those they are in.
fn group_limit(groups: &str) -> Option<usize> {
    let limits = groups.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            named if named.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return Vec::new(),
        };
        let group = Path::new(group.trim_start_matches('/'));
        group.ancestors().filter_map(|group| limit(&Path::new(root).join(group).join(file))).collect()
    });
    limits.min()
}

/// None for a group without a limit, which says `max`, and for one that is not seen here.
fn limit(file: &Path) -> Option<usize> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn total(meminfo: &str) -> Option<usize> {
    let kibibytes = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(kibibytes.trim().strip_suffix(" kB")?.parse::<usize>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_machine_is_read() {
        assert_eq!(total("MemTotal:       24682392 kB\nMemFree: 1 kB\n"), Some(24_682_392 << 10));
        assert_eq!(total("nonsense"), None);
        assert!(available() > 16 << 20);
    }
}
