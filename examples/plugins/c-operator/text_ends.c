/* text_ends: an operator plugin in one file of C. `{"image": {"$text_ends": "-alpine"}}` matches
 * texts that end so; a list matches what ends with one of its texts.
 *
 * `compile` is called once for each place in a query, `match` for each value, on any thread and
 * without waiting: paths, lists, $not and logic are the host's.
 */
#include <stdlib.h>
#include <string.h>

#include "storm/query_operator.h"

enum { kTextsMax = 1000, kArgumentBytesMax = 64 * 1024 };

struct storm_inst {
  const storm_host* host;
};

/* The texts of an argument, one behind the other. Immutable once it is compiled. */
struct storm_prog {
  uint32_t count;
  storm_str* texts; /* in `bytes` */
  char* bytes;
};

static storm_rc fail(const storm_inst* self, const storm_call* call, storm_rc code,
                     const char* message) {
  storm_fault fault = {0};
  fault.size = sizeof fault;
  fault.code = code;
  fault.message.p = message;
  fault.message.n = strlen(message);
  self->host->fail(self->host, call->err, &fault);
  return code;
}

/* ---- a text, or a list of texts, in JSON ---- */

typedef struct reader {
  const char* at;
  const char* end;
  char* out; /* where the next byte of a text goes; never ahead of what was read */
} reader;

static void skip_spaces(reader* json) {
  while (json->at < json->end && strchr(" \t\r\n", *json->at) && *json->at) ++json->at;
}

/* Takes the character if it is the next one behind spaces. */
static int take(reader* json, char wanted) {
  skip_spaces(json);
  if (json->at == json->end || *json->at != wanted) return 0;
  ++json->at;
  return 1;
}

/* Four hexadecimal digits; -1 when they are none. */
static long take_hex(reader* json) {
  long value = 0;
  int i;
  if (json->end - json->at < 4) return -1;
  for (i = 0; i < 4; ++i) {
    const char c = *json->at++;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static void put_utf8(reader* json, unsigned long c) {
  if (c < 0x80) {
    *json->out++ = (char)c;
    return;
  }
  if (c < 0x800) {
    *json->out++ = (char)(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      *json->out++ = (char)(0xE0 | c >> 12);
    } else {
      *json->out++ = (char)(0xF0 | c >> 18);
      *json->out++ = (char)(0x80 | (c >> 12 & 0x3F));
    }
    *json->out++ = (char)(0x80 | (c >> 6 & 0x3F));
  }
  *json->out++ = (char)(0x80 | (c & 0x3F));
}

/* What stands behind a backslash. */
static int take_escape(reader* json) {
  static const char kNames[] = "\"\\/bfnrt";
  static const char kMeant[] = "\"\\/\b\f\n\r\t";
  const char name = json->at < json->end ? *json->at++ : '\0';
  const char* const known = name ? strchr(kNames, name) : NULL;
  long high, low;
  if (known) {
    *json->out++ = kMeant[known - kNames];
    return 1;
  }
  if (name != 'u') return 0;
  high = take_hex(json);
  if (high < 0 || (high >= 0xDC00 && high < 0xE000)) return 0;
  if (high < 0xD800 || high >= 0xE000) {
    put_utf8(json, (unsigned long)high);
    return 1;
  }
  if (json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u') return 0;
  json->at += 2;
  low = take_hex(json);
  if (low < 0xDC00 || low >= 0xE000) return 0;
  put_utf8(json,
           0x10000UL + ((unsigned long)(high - 0xD800) << 10) + (unsigned long)(low - 0xDC00));
  return 1;
}

/* Whether these bytes are UTF-8: no byte alone, nothing written longer than need be, no surrogates.
 */
static int is_utf8(const char* bytes, uint64_t count) {
  const uint8_t* at = (const uint8_t*)bytes;
  const uint8_t* const end = at + count;
  while (at < end) {
    const uint8_t first = *at++;
    const int more = first < 0x80 ? 0 : first < 0xC2 ? -1 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    int i;
    if (more < 0 || first > 0xF4 || end - at < more) return 0;
    for (i = 0; i < more; ++i) {
      if ((at[i] & 0xC0) != 0x80) return 0;
    }
    if ((first == 0xE0 && at[0] < 0xA0) || (first == 0xED && at[0] > 0x9F) ||
        (first == 0xF0 && at[0] < 0x90) || (first == 0xF4 && at[0] > 0x8F)) {
      return 0;
    }
    at += more;
  }
  return 1;
}

static int take_text(reader* json, storm_str* text) {
  text->p = json->out;
  if (!take(json, '"')) return 0;
  while (json->at < json->end && *json->at != '"') {
    const char c = *json->at++;
    if ((unsigned char)c < 0x20) return 0;
    if (c == '\\') {
      if (!take_escape(json)) return 0;
    } else {
      *json->out++ = c;
    }
  }
  if (json->at == json->end) return 0;
  ++json->at;
  text->n = (uint64_t)(json->out - text->p);
  return is_utf8(text->p, text->n);
}

/* Whether the whole argument is a text or a list of them. */
static int read_texts(storm_prog* program, reader* json) {
  if (!take(json, '[')) {
    program->count = 1;
    if (!take_text(json, &program->texts[0])) return 0;
  } else {
    do {
      if (program->count == kTextsMax) return 0;
      if (!take_text(json, &program->texts[program->count])) return 0;
      ++program->count;
    } while (take(json, ','));
    if (!take(json, ']')) return 0;
  }
  skip_spaces(json);
  return json->at == json->end;
}

/* ---- storm.queryop/1 ---- */

static void release(storm_prog* program) {
  free(program->texts);
  free(program->bytes);
  free(program);
}

static storm_rc compile(storm_inst* self, const storm_call* call, const char* op,
                        storm_str arg_json, storm_str modifiers_json, storm_prog** out) {
  storm_prog* program;
  reader json;
  (void)op, (void)modifiers_json;
  if (arg_json.n > kArgumentBytesMax) {
    return fail(self, call, STORM_E_INVALID, "$text_ends takes at most 64 KiB of texts");
  }
  program = calloc(1, sizeof *program);
  if (program) {
    /* The shortest text of a list is `"",`. */
    program->texts = calloc((size_t)arg_json.n / 3 + 1, sizeof *program->texts);
    program->bytes = malloc((size_t)arg_json.n + 1);
  }
  if (!program || !program->texts || !program->bytes) {
    if (program) release(program);
    return fail(self, call, STORM_E_INTERNAL, "out of memory");
  }
  json.at = arg_json.p;
  json.end = arg_json.p + arg_json.n;
  json.out = program->bytes;
  if (arg_json.n == 0 || !read_texts(program, &json)) {
    release(program);
    return fail(self, call, STORM_E_INVALID,
                "$text_ends needs a text or a list of up to 1000 texts, such as \"-alpine\"");
  }
  *out = program;
  return STORM_OK;
}

static storm_rc match(const storm_prog* program, const storm_value* value) {
  uint32_t i;
  if (value->kind != STORM_VALUE_STRING) return STORM_OK;
  for (i = 0; i < program->count; ++i) {
    const storm_str end = program->texts[i];
    if (end.n > value->v.s.n) continue;
    if (end.n == 0 || memcmp(value->v.s.p + value->v.s.n - end.n, end.p, (size_t)end.n) == 0) {
      return STORM_YES;
    }
  }
  return STORM_OK;
}

/* Without `hint`: what a value ends with says nothing of where an index would look for it. */
static const char* const kOperators[] = {"$text_ends", NULL};
static const char* const kModifiers[] = {NULL};
static const storm_queryop_v1 kTable = {
    .size = sizeof(storm_queryop_v1),
    .operators = kOperators,
    .modifiers = kModifiers,
    .compile = compile,
    .match = match,
    .release = release,
};

/* ---- life of an instance ---- */

static storm_rc create(const storm_host* host, const storm_call* call, storm_str config_json,
                       storm_inst** out) {
  storm_inst* self = calloc(1, sizeof *self);
  (void)call, (void)config_json;
  if (!self) return STORM_E_INTERNAL;
  self->host = host;
  *out = self;
  return STORM_OK;
}

static storm_rc start(storm_inst* self, const storm_call* call, storm_str carried_state) {
  (void)self, (void)call, (void)carried_state;
  return STORM_OK;
}

static storm_rc quiesce(storm_inst* self, const storm_call* call, const storm_out* carried_state) {
  (void)self, (void)call, (void)carried_state;
  return STORM_OK;
}

static void destroy(storm_inst* self) { free(self); }

/* ---- what the library exports ---- */

static const char* const kProvides[] = {STORM_QUERYOP_V1, NULL};

static const void* iface(const char* id) {
  return strcmp(id, STORM_QUERYOP_V1) == 0 ? &kTable : NULL;
}

#define STR(words) \
  { words, sizeof(words) - 1 }
static const storm_plugin kPlugin = {
    .size = sizeof(storm_plugin),
    .abi_major = STORM_ABI_MAJOR,
    .abi_minor = STORM_ABI_MINOR,
    .abi_min_minor = 0,
    .id = STR("operator.text_ends"),
    .version = STR(STORM_PLUGIN_VERSION), /* from CMakeLists.txt */
    .provides = kProvides,
    .iface = iface,
    .create = create,
    .start = start,
    .quiesce = quiesce,
    .destroy = destroy,
};

STORM_EXPORT const storm_plugin* storm_entry_text_ends(uint32_t host_major, uint32_t host_minor);
const storm_plugin* storm_entry_text_ends(uint32_t host_major, uint32_t host_minor) {
  (void)host_minor;
  return host_major == STORM_ABI_MAJOR ? &kPlugin : NULL;
}
