//! How long the work on an input may take.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// Does `work` on an input of so many `bytes`, and panics when that took more than a second for
/// each MiB of it, or than `least` where that is more. Counted is what the whole process computes,
/// on whichever thread: what else the machine does makes no difference.
pub fn bounded<T>(bytes: usize, least: Duration, work: impl FnOnce() -> T) -> T {
    let before = cpu_time();
    let result = work();
    let taken = cpu_time() - before;
    let most = least.max(Duration::from_secs_f64(bytes as f64 / MEBIBYTE));
    assert!(taken <= most, "{bytes} bytes took {taken:?}, which may take {most:?}");
    result
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it only grows")
}
