//! The part of the plugin ABI that an executor needs, in the layout of storm/base.h, host.h,
//! plugin.h and executor.h. Functions that the example leaves out of a table stand there as
//! `Option` of a pointer that is never called, so that sizes are right.
#![allow(dead_code)]

use std::os::raw::{c_char, c_void};

pub type Rc = i32;
pub const OK: Rc = 0;
pub const E_INVALID: Rc = -1;
pub const E_UNSUPPORTED: Rc = -2;
pub const E_NOT_FOUND: Rc = -3;
pub const E_FENCED: Rc = -6;
pub const E_QUOTA: Rc = -9;
pub const E_UNAVAILABLE: Rc = -11;
pub const E_CANCELLED: Rc = -13;
pub const E_INTERNAL: Rc = -15;

pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;
pub const LAYER_CONFIG: u32 = 1;
pub const LAYER_PROVIDER: u32 = 4;
pub const LAYER_PLUGIN: u32 = 5;
pub const STATUS_RUNNING: i32 = 4;
pub const HEALTH_HEALTHY: i32 = 1;
pub const SYNC_BEGIN: u32 = 1;
pub const SYNC_END: u32 = 2;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub p: *const u8,
    pub n: u64,
}

impl Str {
    pub const EMPTY: Str = Str { p: std::ptr::null(), n: 0 };
    pub const fn of(text: &str) -> Str {
        Str { p: text.as_ptr(), n: text.len() as u64 }
    }
    /// Borrows: the text lives until the call returns.
    pub unsafe fn bytes<'a>(&self) -> &'a [u8] {
        if self.n == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.p, self.n as usize)
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct List {
    pub p: *const c_void,
    pub n: u32,
    pub stride: u32,
}

impl List {
    pub const EMPTY: List = List { p: std::ptr::null(), n: 0, stride: 0 };
    pub fn of<T>(items: &[T]) -> List {
        List {
            p: items.as_ptr() as *const c_void,
            n: items.len() as u32,
            stride: std::mem::size_of::<T>() as u32,
        }
    }
}

#[repr(C)]
pub struct Call {
    pub size: u32,
    pub thread_class: u32,
    pub deadline_mono_ns: i64,
    pub cancel: *mut c_void,
    pub err: *mut c_void,
    pub op_id: [u8; 16],
    pub traceparent: Str,
}

#[repr(C)]
pub struct Fault {
    pub size: u32,
    pub code: Rc,
    pub retry: u32,
    pub layer: u32,
    pub retry_after_ms: u64,
    pub message: Str,
    pub provider_code: Str,
    pub detail_json: Str,
}

#[repr(C)]
pub struct Out {
    pub size: u32,
    pub zero: u32,
    pub ctx: *mut c_void,
    pub write: unsafe extern "C" fn(*const Out, Str) -> Rc,
}

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub ctx: *mut c_void,
    pub name: Str,
    pub version: Str,
    pub instance: Str,
    pub data_model: Str,
    pub service: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
    pub fail: unsafe extern "C" fn(*const Host, *mut c_void, *const Fault),
}

#[repr(C)]
pub struct Calls {
    pub size: u32,
    pub zero: u32,
    pub cancelled: Option<unsafe extern "C" fn(*const Host, *const Call) -> Rc>,
    pub cancel_fd: Option<unsafe extern "C" fn(*const Host, *const Call) -> i32>,
    pub sleep: Option<unsafe extern "C" fn(*const Host, *const Call, i64) -> Rc>,
}

#[repr(C)]
pub struct Clock {
    pub size: u32,
    pub zero: u32,
    pub mono_ns: Option<unsafe extern "C" fn(*const Host) -> i64>,
    pub wall_ns: Option<unsafe extern "C" fn(*const Host) -> i64>,
}

#[repr(C)]
pub struct Config {
    pub size: u32,
    pub zero: u32,
    pub get: Option<unsafe extern "C" fn(*const Host, *const Call, Str, *const Out) -> Rc>,
}

#[repr(C)]
pub struct Resource {
    pub size: u32,
    pub flags: u32,
    pub uid: Str,
    pub kind: Str, // `type` in C
    pub parent_uid: Str,
    pub cluster_uid: Str,
    pub host_uid: Str,
    pub names: List,
    pub image: Str,
    pub image_digest: Str,
    pub status: i32,
    pub health: i32,
    pub revision: u64,
    pub observed_wall_ns: i64,
    pub snapshot_json: Str,
}

#[repr(C)]
pub struct Batch {
    pub size: u32,
    pub flags: u32,
    pub scope: Str,
    pub epoch: u64,
    pub upserts: List,
    pub removals: List,
    pub bookmark: Str,
}

#[repr(C)]
pub struct Feed {
    pub size: u32,
    pub zero: u32,
    pub ctx: *mut c_void,
    pub publish: unsafe extern "C" fn(*const Feed, *const Call, *const Batch) -> Rc,
}

/// A plugin's own; only its address crosses.
pub type Inst = c_void;

#[repr(C)]
pub struct Executor {
    pub size: u32,
    pub caps: u32,
    pub describe: unsafe extern "C" fn(*mut Inst, *const Call, *const Out) -> Rc,
    pub sync: Option<unsafe extern "C" fn(*mut Inst, *const Call, Str, *const Feed) -> Rc>,
    pub watch: unsafe extern "C" fn(*mut Inst, *const Call, Str, Str, *const Feed) -> Rc,
    pub invoke: Option<unsafe extern "C" fn()>,
    pub recover: Option<unsafe extern "C" fn()>,
}

#[repr(C)]
pub struct Plugin {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub abi_min_minor: u16,
    pub runtime: u16,
    pub zero: u32,
    pub id: Str,
    pub version: Str,
    pub config_schema_json: Str,
    pub provides: *const *const c_char,
    pub iface: unsafe extern "C" fn(*const c_char) -> *const c_void,
    pub create: unsafe extern "C" fn(*const Host, *const Call, Str, *mut *mut Inst) -> Rc,
    pub start: unsafe extern "C" fn(*mut Inst, *const Call, Str) -> Rc,
    pub reconfigure: Option<unsafe extern "C" fn(*mut Inst, *const Call, Str) -> Rc>,
    pub quiesce: unsafe extern "C" fn(*mut Inst, *const Call, *const Out) -> Rc,
    pub destroy: unsafe extern "C" fn(*mut Inst),
}

/// Tables of constants, which C may read from any thread.
pub struct Shared<T>(pub T);
unsafe impl<T> Sync for Shared<T> {}

/// The note by which a host knows a plugin before it maps it: storm/note.h.
#[repr(C, align(4))]
pub struct Note<const N: usize> {
    owner_len: u32,
    text_len: u32,
    kind: u32,
    owner: [u8; 8],
    text: [u8; N],
}

impl<const N: usize> Note<N> {
    pub const fn of(text: [u8; N]) -> Note<N> {
        Note { owner_len: 6, text_len: N as u32, kind: 1, owner: *b"Storm\0\0\0", text }
    }
}

// What the headers of ABI 1.0 say.
const _: () = assert!(std::mem::size_of::<Call>() == 64);
const _: () = assert!(std::mem::size_of::<Fault>() == 72);
const _: () = assert!(std::mem::size_of::<Host>() == 96);
const _: () = assert!(std::mem::size_of::<Resource>() == 176);
const _: () = assert!(std::mem::size_of::<Batch>() == 80);
const _: () = assert!(std::mem::size_of::<Executor>() == 48);
const _: () = assert!(std::mem::size_of::<Plugin>() == 120);
