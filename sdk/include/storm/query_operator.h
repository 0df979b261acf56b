/* Perfect Storm plugin ABI: "storm.queryop/1", operators of the query language.
 *
 * An operator is compiled once with its argument and then matched against many values. It sees one
 * value at a time: paths, arrays, negation and logic are the host's. Programs are immutable and
 * shared by threads.
 */
#ifndef STORM_QUERY_OPERATOR_H
#define STORM_QUERY_OPERATOR_H

#include "storm/plugin.h"

#define STORM_QUERYOP_V1 "storm.queryop/1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct storm_prog storm_prog; /* a compiled operator, defined by the plugin */

enum {
  STORM_VALUE_NULL = 0,
  STORM_VALUE_BOOL = 1,  /* v.i is 0 or 1 */
  STORM_VALUE_INT = 2,   /* v.i */
  STORM_VALUE_FLOAT = 3, /* v.f */
  STORM_VALUE_STRING = 4,
  STORM_VALUE_JSON = 5 /* an object or array as JSON text in v.s */
};
typedef struct storm_value {
  uint32_t kind;
  uint32_t zero;
  union {
    int64_t i;
    double f;
    storm_str s;
  } v;
} storm_value;

/* What values can match at all: lets the host keep the program in an index. */
enum { STORM_HINT_NONE = 0, STORM_HINT_ANY_OF = 1, STORM_HINT_PREFIX = 2, STORM_HINT_RANGE = 3 };
typedef struct storm_hint {
  uint32_t size;  /* set by the caller */
  uint32_t kind;  /* STORM_HINT_* */
  uint32_t exact; /* 1: every value inside the hint matches, no call of match is needed */
  uint32_t zero;
  storm_list keys; /* ANY_OF: storm_str[], equal to one of them; PREFIX: starts with one of them */
  storm_str lo;    /* RANGE: lo <= value < hi, bytewise; empty hi: no end */
  storm_str hi;
} storm_hint;

typedef struct storm_queryop_v1 {
  uint32_t size;
  uint32_t caps;                /* zero */
  const char* const* operators; /* "$regex", ..., NULL at the end; each starts with '$' */
  const char* const*
      modifiers; /* sibling keys that belong to an operator: "$options", ..., NULL at the end */
  /* Compiles an operator. `arg_json` is its argument; `modifiers_json` an object of the modifiers
   * that stand beside it
   * ({} when there are none). Bounded in time and memory. STORM_E_INVALID with a fault that names
   * what is wrong. [work] */
  storm_rc (*compile)(storm_inst*, const storm_call*, const char* op, storm_str arg_json,
                      storm_str modifiers_json, storm_prog** out);
  /* STORM_YES, STORM_OK (no match) or a negative code (cut off at a limit; the host takes it as no
   * match and counts it). [pure] */
  storm_rc (*match)(const storm_prog*, const storm_value*);
  /* May be NULL. Strings live as long as the program. Must never leave out a value that matches.
   * [pure] */
  storm_rc (*hint)(const storm_prog*, storm_hint*);
  void (*release)(storm_prog*); /* [any] */
  /* May be NULL: no answer depends on the time. Else called instead of `match` where the host knows
   * the time: whether the value matches at `now_wall_ns`, nanoseconds since 1970. Writes to
   * `changes_at_wall_ns` the first later time at which the answer to this value can be another one,
   * INT64_MAX for never: the host asks again then, so one that comes too late is missed and one
   * that comes too early costs a call. [pure] */
  storm_rc (*match_at)(const storm_prog*, const storm_value*, int64_t now_wall_ns,
                       int64_t* changes_at_wall_ns);
} storm_queryop_v1;

#ifdef __cplusplus
}
#endif
#endif
