/* Perfect Storm plugin ABI: the note by which a host knows a plugin before it maps it.
 *
 * An ELF note in the section ".note.storm": owner "Storm", type 1, and as its content the text
 *
 *   abi=1.0
 *   min=1.0
 *   id=executor.swarm
 *   version=2.3.1
 *   runtime=native
 *   provides=storm.executor/1
 *   needs=storm.host.log/1 storm.host.calls/1
 *
 * with a newline after each line and a NUL at the end; lists are separated by single spaces and may
 * be empty. `abi` is what the plugin was built with, `min` the lowest ABI of a host that it works
 * with, `runtime` is native or go. Keys that a reader does not know are ignored. A host reads the
 * note from the file, without running any of it, and requires it to say what the manifest and the
 * descriptor say. A note is read up to 16 KiB; a file has exactly one.
 *
 * C and C++: one STORM_NOTE(...); at file scope, in one file of the plugin. storm_add_plugin()
 * makes such a file by itself. Go: the same macro in the preamble of the cgo file. Rust:
 *
 *   #[repr(C, align(4))] struct Note { owner_len: u32, text_len: u32, kind: u32, owner: [u8; 8],
 *                                      text: [u8; TEXT.len()] }
 *   #[used] #[link_section = ".note.storm"] static NOTE: Note = Note { owner_len: 6,
 *     text_len: TEXT.len() as u32, kind: 1, owner: *b"Storm\0\0\0", text: *TEXT };
 *
 * where TEXT is a `&'static [u8; N]` that ends with "\n\0".
 */
#ifndef STORM_NOTE_H
#define STORM_NOTE_H

#include "storm/base.h"

/* The lowest minor of a host that the plugin works with; define it before, if it is not 0. */
#ifndef STORM_PLUGIN_MIN_MINOR
#define STORM_PLUGIN_MIN_MINOR 0
#endif

#define STORM_NOTE_OWNER "Storm"
#define STORM_NOTE_TYPE 1
#define STORM_NOTE_SECTION ".note.storm"
#define STORM_NOTE_BYTES_MAX 16384 /* of its text */

#define STORM_NOTE_QUOTE(number) #number
#define STORM_NOTE_NUMBER(number) STORM_NOTE_QUOTE(number)

/* Text literals all: "executor.swarm", "2.3.1", "native", "storm.executor/1", "storm.host.log/1".
 */
#define STORM_NOTE_TEXT(id, version, runtime, provides, needs) \
  "abi=" STORM_NOTE_NUMBER(STORM_ABI_MAJOR) "." STORM_NOTE_NUMBER(STORM_ABI_MINOR) "\nmin="  \
  STORM_NOTE_NUMBER(STORM_ABI_MAJOR) "." STORM_NOTE_NUMBER(STORM_PLUGIN_MIN_MINOR) "\nid="   \
  id "\nversion=" version "\nruntime=" runtime "\nprovides=" provides "\nneeds=" needs "\n"

/* The note of a given text. `text` has a length of its own in the note, NUL included. */
#define STORM_NOTE_OF_TEXT(note_text)                                             \
  static const struct {                                                           \
    uint32_t owner_size;                                                          \
    uint32_t text_size;                                                           \
    uint32_t type;                                                                \
    char owner[8];                                                                \
    char text[sizeof(note_text)];                                                 \
  } storm_note __attribute__((used, aligned(4), section(STORM_NOTE_SECTION))) = { \
      sizeof STORM_NOTE_OWNER, sizeof(note_text), STORM_NOTE_TYPE, STORM_NOTE_OWNER, note_text}

#define STORM_NOTE(id, version, runtime, provides, needs) \
  STORM_NOTE_OF_TEXT(STORM_NOTE_TEXT(id, version, runtime, provides, needs))

#endif
