use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use tempfile::TempDir;

use super::cpu::{Cpu, CpuReading};
use super::descriptors::descriptors;
use super::disk::disk;
use super::memory::memory;
use super::{Root, Usage};

const MEMINFO: (&str, &str) =
    ("proc/meminfo", "MemTotal:    1000 kB\nMemFree:  1 kB\nMemAvailable:  250 kB\nHugePages_Total: 0\n");
const HOST: Usage = Usage { used: 750 * 1024, limit: 1000 * 1024, source: "host" };

fn tree(files: &[(&str, &str)]) -> (TempDir, Root) {
    let folder = TempDir::new().unwrap();
    let root = Root(folder.path().to_owned());
    write(&root, files);
    (folder, root)
}

fn write(root: &Root, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A v2 group with 100 bytes of inactive page cache.
fn group(root: &Root, folder: &str, max: &str, current: &str) {
    let file = |name: &str| format!("sys/fs/cgroup/{folder}/{name}");
    let stat = "anon 5\ninactive_file 100\nactive_file 7\n";
    write(
        root,
        &[(&file("memory.max"), max), (&file("memory.current"), current), (&file("memory.stat"), stat)],
    );
}

#[test]
fn the_fullest_level_of_v2_counts() {
    let (_folder, root) = tree(&[MEMINFO, ("proc/self/cgroup", "0::/a/b/c\n")]);
    group(&root, "a/b/c", "1000\n", "500\n");
    group(&root, "a/b", "max\n", "700\n");
    group(&root, "a", "1200\n", "1000\n");
    group(&root, "other", "10\n", "10\n");
    assert_eq!(memory(&root).unwrap(), Usage { used: 900, limit: 1200, source: "cgroup v2" });
    group(&root, "a/b/c", "1000\n", "50\n");
    group(&root, "a", "1024001\n", "1024000\n");
    let usage = memory(&root).unwrap();
    assert_eq!(usage, Usage { used: 0, limit: 1000, source: "cgroup v2" }, "past the host's is none");
    assert_eq!(usage.percent(), 0.0);
}

#[test]
fn without_a_limit_of_v2_the_host_counts() {
    let (_folder, root) = tree(&[MEMINFO, ("proc/self/cgroup", "0::/a/b\n")]);
    group(&root, "a/b", "max\n", "700\n");
    group(&root, "a", "max\n", "700\n");
    assert_eq!(memory(&root).unwrap(), HOST);
    assert_eq!(HOST.percent(), 75.0);
}

#[test]
fn in_a_namespace_the_mount_shows_the_group_of_v2() {
    for own in ["/", "/../other", "/..", "/docker/0123", "/gone (deleted)"] {
        let (_folder, root) = tree(&[MEMINFO, ("proc/self/cgroup", &format!("0::{own}\n"))]);
        group(&root, "", "1000\n", "600\n");
        group(&root, "../other", "1000\n", "900\n");
        assert_eq!(memory(&root).unwrap(), Usage { used: 500, limit: 1000, source: "cgroup v2" }, "{own}");
    }
}

#[test]
fn v1_counts_where_v2_has_no_memory_controller() {
    let own = ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/a\n1:name=systemd:/\n0::/\n");
    let (_folder, root) = tree(&[
        MEMINFO,
        own,
        ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000\n"),
        ("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "700\n"),
        ("sys/fs/cgroup/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 200\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
    ]);
    assert_eq!(memory(&root).unwrap(), Usage { used: 500, limit: 1000, source: "cgroup v1" });
    for none in ["9223372036854771712", "1152921504606846976", "1024001"] {
        write(&root, &[("sys/fs/cgroup/memory/a/memory.limit_in_bytes", none)]);
        assert_eq!(memory(&root).unwrap(), HOST, "{none}");
    }
}

#[test]
fn what_is_missing_or_rubbish_is_named() {
    let (_folder, root) = tree(&[]);
    let error = memory(&root).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("/proc/meminfo`: "), "{error}");
    assert!(Cpu::default().look(&root).unwrap_err().to_string().contains("/proc/loadavg`: "));
    assert!(descriptors(&root).unwrap_err().to_string().contains("/proc/self/fd`: "));
    assert!(disk(&root.0.join("none")).unwrap_err().to_string().contains("/none`: "));
    write(&root, &[MEMINFO]);
    assert_eq!(memory(&root).unwrap(), HOST, "a kernel without cgroups");

    write(&root, &[("proc/self/cgroup", "0::/a\n"), ("sys/fs/cgroup/a/cpu.max", "9 9\n")]);
    group(&root, "a", "1000", "600");
    for (path, was) in [
        ("proc/meminfo", MEMINFO.1),
        ("proc/self/cgroup", "0::/a"),
        ("sys/fs/cgroup/a/memory.max", "1000"),
        ("sys/fs/cgroup/a/memory.current", "600"),
        ("sys/fs/cgroup/a/memory.stat", "inactive_file 100"),
    ] {
        for rubbish in ["\n", "-7", "maximum", "inactive_file", "MemTotal: 99999999999999999999 kB"] {
            write(&root, &[(path, rubbish)]);
            let error = memory(&root).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{path}: {rubbish}");
            assert!(error.to_string().contains(path), "{error}");
        }
        fs::write(root.0.join(path), [0xff, 0xfe]).unwrap();
        assert!(memory(&root).unwrap_err().to_string().contains(path));
        write(&root, &[(path, was)]);
    }
    let error = Cpu::default().look(&root).unwrap_err();
    assert!(error.to_string().contains("a/cpu.stat`: "), "{error}");
    fs::remove_file(root.0.join("sys/fs/cgroup/a/cpu.max")).unwrap();
    for rubbish in ["", "NaN", "inf 1 1", "-1", "load"] {
        write(&root, &[("proc/loadavg", rubbish)]);
        assert_eq!(Cpu::default().look(&root).unwrap_err().kind(), ErrorKind::InvalidData, "{rubbish}");
    }
}

#[test]
fn throttled_periods_are_counted_from_look_to_look() {
    for (source, own, folder, quota, none) in [
        ("cgroup v2 throttling", "0::/a\n", "a", "cpu.max", "max 100000\n"),
        ("cgroup v1 throttling", "3:cpu,cpuacct:/a\n0::/\n", "cpu/a", "cpu.cfs_quota_us", "-1\n"),
    ] {
        let (_folder, root) = tree(&[("proc/self/cgroup", own), ("proc/loadavg", "3.00 2.00 1.00 1/80 9\n")]);
        let file = |name: &str| format!("sys/fs/cgroup/{folder}/{name}");
        write(&root, &[(&file(quota), "50000 100000\n")]);
        let cpu = Cpu::default();
        // All periods, the throttled ones, and their share since the look before.
        let looks = [(1000, 900, 0), (1010, 905, 50), (1010, 905, 0), (1014, 906, 25)];
        let in_a_new_group = [(4, 2, 0), (8, 1, 0), (9, 2, 100)];
        for (all, throttled, percent) in looks.into_iter().chain(in_a_new_group) {
            let stat = format!("usage_usec 1\nnr_periods {all}\nnr_throttled {throttled}\nnr_bursts 0\n");
            write(&root, &[(&file("cpu.stat"), &stat)]);
            let reading = CpuReading { percent: f64::from(percent), source };
            assert_eq!(cpu.look(&root).unwrap(), reading, "{all}");
        }
        write(&root, &[(&file(quota), none)]);
        let percent = 300.0 / std::thread::available_parallelism().unwrap().get() as f64;
        assert_eq!(cpu.look(&root).unwrap(), CpuReading { percent, source: "load per core" });
    }
}

#[test]
fn a_throttled_parent_counts() {
    let stat = |throttled: u32| format!("nr_periods {}\nnr_throttled {throttled}\n", throttled * 2);
    let (_folder, root) = tree(&[
        ("proc/self/cgroup", "0::/a/b\n"),
        ("sys/fs/cgroup/a/cpu.max", "100000 100000\n"),
        ("sys/fs/cgroup/a/cpu.stat", &stat(1)),
        ("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n"),
        ("sys/fs/cgroup/a/b/cpu.stat", &stat(0)),
    ]);
    let cpu = Cpu::default();
    assert_eq!(cpu.look(&root).unwrap().percent, 0.0);
    write(&root, &[("sys/fs/cgroup/a/cpu.stat", &stat(5))]);
    assert_eq!(cpu.look(&root).unwrap().percent, 50.0);
}

#[test]
fn the_listing_itself_is_not_counted() {
    let (_folder, root) = tree(&[("proc/self/fd/0", ""), ("proc/self/fd/1", ""), ("proc/self/fd/2", "")]);
    assert_eq!(descriptors(&root).unwrap().used, 2);
}

#[test]
#[cfg(target_os = "linux")]
fn this_machine_is_plausible() {
    let root = Root::default();
    for usage in [memory(&root).unwrap(), descriptors(&root).unwrap(), disk(Path::new("/")).unwrap()] {
        assert!(usage.used > 0 && usage.used <= usage.limit, "{usage:?}");
        assert!(usage.percent() <= 100.0, "{usage:?}");
    }
    let reading = Cpu::default().look(&root).unwrap();
    assert!((0.0..100_000.0).contains(&reading.percent), "{reading:?}");
    assert_eq!(Usage { used: 1, limit: 0, source: "" }.percent(), 0.0);
}
