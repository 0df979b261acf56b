/* Perfect Storm plugin ABI: "storm.storage/1", a transactional store of rows in spaces.
 *
 * A row is (space, key) -> value, with the revision of the transaction that wrote it. The store
 * knows nothing of what the values mean. One transaction is applied whole or not at all and is
 * durable when `apply` returns STORM_OK.
 */
#ifndef STORM_STORAGE_H
#define STORM_STORAGE_H

#include "storm/plugin.h"

#define STORM_STORAGE_V1 "storm.storage/1"

#ifdef __cplusplus
extern "C" {
#endif

/* Limits every store must take: a space of 64 bytes, a key of 512 bytes, a value of 64 MiB, 100,000
 * rows a transaction. */
typedef struct storm_row {
  uint32_t size;
  uint32_t flags;
  storm_str space;
  storm_str key;     /* unique within its space; any bytes */
  storm_str value;   /* any bytes; ignored for a delete */
  uint64_t revision; /* filled in by the store in answers; ignored in `apply` */
} storm_row;

typedef struct storm_txn {
  uint32_t size;
  uint32_t flags;
  uint8_t txn_id[16]; /* the same id again answers the first result and changes nothing; all zero:
                         none */
  uint64_t expect_revision; /* the store's revision must equal this, else STORM_E_CONFLICT; 0: do
                               not check */
  uint64_t fence;     /* of the lease held; lower than the highest seen: STORM_E_FENCED; 0: none */
  storm_list puts;    /* storm_row[] */
  storm_list deletes; /* storm_row[]; applied before the puts; a key that is not there is no error
                       */
} storm_txn;

typedef struct storm_rows {
  uint32_t size;
  uint32_t zero;
  void* ctx;
  /* A negative code ends the listing with that code. On the thread of the call. */
  storm_rc (*rows)(const struct storm_rows*, storm_list puts, storm_list deletes,
                   uint64_t revision);
} storm_rows;

enum {
  STORM_STORE_DURABLE = 1,
  STORM_STORE_SHARED = 2,
  STORM_STORE_WATCH = 4,
  STORM_STORE_LEASE = 8
};
typedef struct storm_store_info {
  uint32_t size;
  uint32_t caps;     /* STORM_STORE_* */
  uint64_t revision; /* of the last transaction; 0 for an empty store */
} storm_store_info;

typedef struct storm_lease {
  uint32_t size;
  uint32_t zero;
  uint64_t fence; /* rises with each new holder */
  int64_t expires_mono_ns;
} storm_lease;

typedef struct storm_storage_v1 {
  uint32_t size;
  uint32_t caps; /* zero */
  /* Opens and locks the store, migrating an older format. STORM_E_UNSUPPORTED: written by a newer
   * version; STORM_E_BUSY: held by another process; STORM_E_CORRUPT: damaged. [ctl] */
  storm_rc (*open)(storm_inst*, const storm_call*, storm_store_info*);
  /* Streams all rows of a space, at one revision, in key order. [work] */
  storm_rc (*load)(storm_inst*, const storm_call*, storm_str space, const storm_rows*);
  /* Applies a transaction; *revision is its own. The host never runs two at once. STORM_E_QUOTA:
   * the disk is full; nothing was applied and later calls work again once there is room. [work] */
  storm_rc (*apply)(storm_inst*, const storm_call*, const storm_txn*, uint64_t* revision);
  /* Follows what others write after a revision, until cancelled. NULL unless STORM_STORE_WATCH.
   * [watch] */
  storm_rc (*watch)(storm_inst*, const storm_call*, uint64_t after, const storm_rows*);
  /* NULL unless STORM_STORE_LEASE; STORM_E_CONFLICT: held by another. [work] */
  storm_rc (*lease_acquire)(storm_inst*, const storm_call*, storm_str name, storm_str holder,
                            uint64_t ttl_ms, storm_lease*);
  /* Prolongs it by its ttl; STORM_E_FENCED: somebody else has it. [work] */
  storm_rc (*lease_renew)(storm_inst*, const storm_call*, storm_str name, storm_lease*);
  /* One that is not held is no error. [work] */
  storm_rc (*lease_release)(storm_inst*, const storm_call*, storm_str name, const storm_lease*);
  /* Closes and unlocks. [ctl] */
  storm_rc (*close)(storm_inst*, const storm_call*);
} storm_storage_v1;

#ifdef __cplusplus
}
#endif
#endif
