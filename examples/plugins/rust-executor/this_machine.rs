//! this_machine: an executor in Rust, with the standard library alone. Its only resource is the
//! machine that it runs on, with its uptime, load and memory; it tells them again every few seconds.
//!
//! The host calls `describe` once and then `watch`, on a thread of its own, until it cancels that
//! call. To follow a cloud of yours, begin at look(): list what there is, then tell what changes.

use std::fs;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};

mod storm;
use storm::*;

const SECONDS_DEFAULT: i64 = 5;
const SECONDS_MAX: i64 = 3600;
const CONFIG_SCHEMA: &str = r#"{"type": "object", "properties": {"every": {"type": "integer",
  "minimum": 1, "maximum": 3600, "description": "Seconds from one look at the machine to the next."}}}"#;

struct Failure {
    code: Rc,
    layer: u32,
    message: String,
}

fn failure(code: Rc, layer: u32, message: &str) -> Failure {
    Failure { code, layer, message: message.to_string() }
}

/// Runs `body` at the edge: nothing unwinds past here, and every failure says why.
unsafe fn guarded(host: *const Host, call: *const Call, body: impl FnOnce() -> Result<(), Failure>) -> Rc {
    let failed = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failed)) => failed,
        Err(_) => failure(E_INTERNAL, LAYER_PLUGIN, "the plugin panicked"),
    };
    let fault = Fault {
        size: std::mem::size_of::<Fault>() as u32,
        code: failed.code,
        retry: 0,
        layer: failed.layer,
        retry_after_ms: 0,
        message: Str::of(&failed.message),
        provider_code: Str::EMPTY,
        detail_json: Str::EMPTY,
    };
    ((*host).fail)(host, (*call).err, &fault);
    failed.code
}

/// A service, if the host grants it and its table is as large as the one that is known here.
unsafe fn service<T>(host: *const Host, id: &'static [u8]) -> Option<&'static T> {
    let table = ((*host).service)(host, id.as_ptr() as *const c_char);
    if table.is_null() || (*(table as *const u32) as usize) < std::mem::size_of::<T>() {
        return None;
    }
    Some(&*(table as *const T))
}

struct ThisMachine {
    host: *const Host,
    sleep: unsafe extern "C" fn(*const Host, *const Call, i64) -> Rc,
    mono_ns: unsafe extern "C" fn(*const Host) -> i64,
    wall_ns: unsafe extern "C" fn(*const Host) -> i64,
    every: i64, // seconds
}

// ---- settings ----

unsafe extern "C" fn take_text(out: *const Out, chunk: Str) -> Rc {
    let text = &mut *((*out).ctx as *mut Vec<u8>);
    if text.len() as u64 + chunk.n > 64 {
        return E_QUOTA;
    }
    text.extend_from_slice(chunk.bytes());
    OK
}

/// A map, in which there is nothing but `every`. Requires: its value, if it is there, is a number.
fn check_settings(config: &[u8]) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(config);
    if !text.is_empty() && !(text.starts_with('{') && text.ends_with('}')) {
        return Err(failure(E_INVALID, LAYER_CONFIG, "config must be a map, such as {every: 5}"));
    }
    // Every other piece between quotes is a name.
    match text.split('"').skip(1).step_by(2).find(|name| *name != "every") {
        Some(name) => {
            let message = format!("unknown setting \"{:.80}\"; there is only \"every\"", name);
            Err(failure(E_INVALID, LAYER_CONFIG, &message))
        }
        None => Ok(()),
    }
}

/// `every` of the configuration, which the host reads for us: no parser of JSON is needed.
unsafe fn read_every(host: *const Host, call: *const Call) -> Result<i64, Failure> {
    let get = match service::<Config>(host, b"storm.host.config/1\0").and_then(|config| config.get) {
        Some(get) => get,
        None => return Ok(SECONDS_DEFAULT),
    };
    let mut text: Vec<u8> = Vec::new();
    let out = Out {
        size: std::mem::size_of::<Out>() as u32,
        zero: 0,
        ctx: &mut text as *mut Vec<u8> as *mut c_void,
        write: take_text,
    };
    let rc = get(host, call, Str::of("/every"), &out);
    if rc == E_NOT_FOUND {
        return Ok(SECONDS_DEFAULT);
    }
    let seconds = std::str::from_utf8(&text).ok().and_then(|digits| digits.parse().ok());
    match seconds {
        Some(seconds) if rc >= 0 && (1..=SECONDS_MAX).contains(&seconds) => Ok(seconds),
        _ => Err(failure(
            E_INVALID,
            LAYER_CONFIG,
            "\"every\" must be a whole number of seconds from 1 to 3600",
        )),
    }
}

// ---- life of an instance ----

unsafe extern "C" fn create(host: *const Host, call: *const Call, config: Str, out: *mut *mut Inst) -> Rc {
    guarded(host, call, || {
        let calls = service::<Calls>(host, b"storm.host.calls/1\0").and_then(|table| table.sleep);
        let clock = service::<Clock>(host, b"storm.host.clock/1\0");
        let (sleep, mono_ns, wall_ns) =
            match (calls, clock.and_then(|table| table.mono_ns), clock.and_then(|table| table.wall_ns)) {
                (Some(sleep), Some(mono_ns), Some(wall_ns)) => (sleep, mono_ns, wall_ns),
                _ => {
                    return Err(failure(
                        E_UNSUPPORTED,
                        LAYER_PLUGIN,
                        "the host must grant storm.host.calls/1 and storm.host.clock/1",
                    ))
                }
            };
        let every = read_every(host, call)?;
        check_settings(config.bytes())?;
        let machine = Box::new(ThisMachine { host, sleep, mono_ns, wall_ns, every });
        *out = Box::into_raw(machine) as *mut Inst;
        Ok(())
    })
}

unsafe extern "C" fn start(_inst: *mut Inst, _call: *const Call, _carried: Str) -> Rc {
    OK
}

unsafe extern "C" fn quiesce(_inst: *mut Inst, _call: *const Call, _carried: *const Out) -> Rc {
    OK
}

unsafe extern "C" fn destroy(inst: *mut Inst) {
    drop(Box::from_raw(inst as *mut ThisMachine));
}

// ---- storm.executor/1 ----

unsafe extern "C" fn describe(_inst: *mut Inst, _call: *const Call, out: *const Out) -> Rc {
    ((*out).write)(out, Str::of(r#"{"agent_type": "this_machine", "types": ["machine"]}"#))
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| failure(E_UNAVAILABLE, LAYER_PROVIDER, &format!("{}: {}", path, error)))
}

/// The number behind "MemTotal:", in bytes.
fn memory(lines: &str, name: &str) -> u64 {
    let line = lines.lines().find(|line| line.starts_with(name)).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0u64) * 1024
}

/// The machine's name and what it is doing, as JSON.
fn look() -> Result<(String, String), Failure> {
    // Letters, digits, dots and hyphens; anything else could break the JSON.
    let name: String = read("/proc/sys/kernel/hostname")?
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    let uptime = read("/proc/uptime")?;
    let uptime: u64 = uptime.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let load = read("/proc/loadavg")?;
    let load: f64 = load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
    let lines = read("/proc/meminfo")?;
    let snapshot = format!(
        r#"{{"host": "{}", "uptime_s": {}, "load": {:.2}, "memory_bytes": {}, "memory_free_bytes": {}}}"#,
        name,
        uptime,
        load,
        memory(&lines, "MemTotal:"),
        memory(&lines, "MemFree:")
    );
    Ok((name, snapshot))
}

unsafe fn publish(
    machine: &ThisMachine,
    call: *const Call,
    scope: Str,
    feed: *const Feed,
    flags: u32,
    epoch: u64,
) -> Result<Rc, Failure> {
    let (name, snapshot) = look()?;
    let names = [Str::of(&name)];
    let resources = [Resource {
        size: std::mem::size_of::<Resource>() as u32,
        flags: 0,
        uid: Str::of(&name), // unique within this instance, and the same for ever
        kind: Str::of("machine"),
        parent_uid: Str::EMPTY,
        cluster_uid: Str::EMPTY,
        host_uid: Str::EMPTY,
        names: List::of(&names),
        image: Str::EMPTY,
        image_digest: Str::EMPTY,
        status: STATUS_RUNNING,
        health: HEALTH_HEALTHY,
        revision: 0,
        observed_wall_ns: (machine.wall_ns)(machine.host),
        snapshot_json: Str::of(&snapshot),
    }];
    let batch = Batch {
        size: std::mem::size_of::<Batch>() as u32,
        flags,
        scope,
        epoch,
        upserts: List::of(&resources),
        removals: List::EMPTY,
        bookmark: Str::EMPTY,
    };
    Ok(((*feed).publish)(feed, call, &batch))
}

unsafe extern "C" fn watch(inst: *mut Inst, call: *const Call, scope: Str, _bookmark: Str, feed: *const Feed) -> Rc {
    let machine = &*(inst as *const ThisMachine);
    let mut refused = OK;
    let rc = guarded(machine.host, call, || {
        // The first batch is a full listing: what it does not have is gone.
        let epoch = (machine.mono_ns)(machine.host) as u64;
        let mut flags = SYNC_BEGIN | SYNC_END;
        loop {
            match publish(machine, call, scope, feed, flags, epoch)? {
                E_CANCELLED | E_FENCED => return Ok(()),
                rc if rc < 0 => {
                    refused = rc; // the host has said why
                    return Ok(());
                }
                _ => flags = 0,
            }
            // Ends at once when the host cancels the call.
            if (machine.sleep)(machine.host, call, machine.every * 1_000_000_000) < 0 {
                return Ok(());
            }
        }
    });
    if rc < 0 {
        rc
    } else {
        refused
    }
}

static EXECUTOR: Executor = Executor {
    size: std::mem::size_of::<Executor>() as u32,
    caps: 0,
    describe,
    sync: None,
    watch,
    invoke: None,
    recover: None,
};

// ---- what the library exports; id, version and interfaces stand in the manifest as well ----

#[used]
#[link_section = ".note.storm"]
static NOTE: Note<161> = Note::of(
    *b"abi=1.0\nmin=1.0\nid=executor.this_machine\nversion=0.1.0\nruntime=native\n\
provides=storm.executor/1\nneeds=storm.host.calls/1 storm.host.clock/1 storm.host.config/1\n\0",
);

static PROVIDES: Shared<[*const c_char; 2]> =
    Shared([b"storm.executor/1\0".as_ptr() as *const c_char, std::ptr::null()]);

unsafe extern "C" fn iface(id: *const c_char) -> *const c_void {
    if std::ffi::CStr::from_ptr(id).to_bytes() == b"storm.executor/1" {
        return &EXECUTOR as *const Executor as *const c_void;
    }
    std::ptr::null()
}

static PLUGIN: Shared<Plugin> = Shared(Plugin {
    size: std::mem::size_of::<Plugin>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    abi_min_minor: 0,
    runtime: 0,
    zero: 0,
    id: Str::of("executor.this_machine"),
    version: Str::of("0.1.0"),
    config_schema_json: Str::of(CONFIG_SCHEMA),
    provides: &PROVIDES.0 as *const *const c_char,
    iface,
    create,
    start,
    reconfigure: None,
    quiesce,
    destroy,
});

#[no_mangle]
pub extern "C" fn storm_entry_this_machine(host_major: u32, _host_minor: u32) -> *const Plugin {
    if host_major == u32::from(ABI_MAJOR) {
        &PLUGIN.0
    } else {
        std::ptr::null()
    }
}
