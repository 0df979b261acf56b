/* file_rows: a storage plugin in one file of C. All rows are in memory, in a tree by space and key;
 * each transaction is one record at the end of a file, on the disk before it is acknowledged.
 *
 * A record is a checksum, a length, and what the transaction did; opening the store does them all
 * again. Once most of the file is of rows that are gone, it is written anew.
 */
#define _GNU_SOURCE /* twalk_r, tdestroy */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storm/storage.h"

/* The limits that storm/storage.h gives, and ours. */
enum { kSpaceBytesMax = 64, kKeyBytesMax = 512, kRowsMax = 100000, kIdsKept = 4096 };
enum { kPathBytesMax = 4000, kMessageBytes = 512 };
static const uint64_t kValueBytesMax = (uint64_t)64 << 20;
static const uint64_t kRewriteSlack = (uint64_t)16 << 20; /* bytes of rows that are gone */
static const uint64_t kRewritePart = (uint64_t)8 << 20; /* bytes of a record of a rewritten file */
static const uint32_t kMagic = 0x53574F52;              /* "ROWS" */

static const char kConfigSchema[] =
    "{\"type\": \"object\", \"required\": [\"path\"], \"additionalProperties\": false, "
    "\"properties\": {\"path\": {\"type\": \"string\", \"minLength\": 1, \"description\": "
    "\"The store's file, in a folder that is there.\"}}}";

/* A row never changes; a put makes another. */
typedef struct row {
  uint32_t holders; /* the tree, and listings under way; guarded by the store's mutex */
  uint32_t space_n;
  uint32_t key_n;
  uint64_t value_n;
  uint64_t revision;
  char bytes[]; /* space, key, value */
} row;

typedef struct known_id {
  uint8_t id[16];
  uint64_t revision;
} known_id;

struct storm_inst {
  const storm_host* host;
  const storm_calls_v1* calls; /* NULL: nobody cancels */
  char path[kPathBytesMax + 1];
  int lock;              /* the file beside the store that is locked; -1: not open */
  pthread_mutex_t mutex; /* guards all below */
  int file;
  int broken;    /* what is behind `end` could not be taken back */
  uint64_t end;  /* of the last whole record */
  void* tree;    /* of row*, by space and key */
  uint64_t live; /* bytes that the rows take in a file */
  uint64_t revision;
  uint64_t fence;
  uint64_t rewrite_at; /* not before the file is so long */
  known_id ids[kIdsKept];
  uint64_t ids_seen; /* the last ones are kept, in a ring */
};

/* ---- failures ---- */

static storm_rc fail(const storm_inst* self, const storm_call* call, storm_rc code,
                     const char* what) {
  char message[kPathBytesMax + kMessageBytes];
  storm_fault fault = {0};
  snprintf(message, sizeof message, "the store %s %s", self->path, what);
  fault.size = sizeof fault;
  fault.code = code;
  fault.retry = code == STORM_E_QUOTA || code == STORM_E_BUSY || code == STORM_E_UNAVAILABLE
                    ? STORM_RETRY_LATER
                    : STORM_RETRY_NEVER;
  fault.message.p = message;
  fault.message.n = strlen(message);
  self->host->fail(self->host, call->err, &fault);
  return code;
}

static storm_rc fail_errno(const storm_inst* self, const storm_call* call, int problem,
                           const char* what) {
  char message[kMessageBytes];
  const int full = problem == ENOSPC || problem == EDQUOT || problem == EFBIG;
  snprintf(message, sizeof message, "%s: %s", what,
           full ? "the disk is full; make room for it" : strerror(problem));
  return fail(self, call, full ? STORM_E_QUOTA : STORM_E_UNAVAILABLE, message);
}

/* ---- rows ---- */

static int compare_bytes(const char* a, uint64_t a_n, const char* b, uint64_t b_n) {
  const int order = memcmp(a, b, (size_t)(a_n < b_n ? a_n : b_n));
  return order != 0 ? order : (a_n > b_n) - (a_n < b_n);
}

static int compare_rows(const void* a, const void* b) {
  const row* const x = a;
  const row* const y = b;
  const int order = compare_bytes(x->bytes, x->space_n, y->bytes, y->space_n);
  return order != 0
             ? order
             : compare_bytes(x->bytes + x->space_n, x->key_n, y->bytes + y->space_n, y->key_n);
}

static uint64_t bytes_of(const row* r) {
  return 4 * sizeof(uint64_t) + r->space_n + r->key_n + r->value_n;
}

static row* make_row(storm_str space, storm_str key, storm_str value, uint64_t revision) {
  row* const made = malloc(sizeof *made + (size_t)(space.n + key.n + value.n));
  if (!made) return NULL;
  made->holders = 1;
  made->space_n = (uint32_t)space.n;
  made->key_n = (uint32_t)key.n;
  made->value_n = value.n;
  made->revision = revision;
  if (space.n) memcpy(made->bytes, space.p, (size_t)space.n);
  if (key.n) memcpy(made->bytes + space.n, key.p, (size_t)key.n);
  if (value.n) memcpy(made->bytes + space.n + key.n, value.p, (size_t)value.n);
  return made;
}

static void let_go(void* held) {
  row* const r = held;
  if (--r->holders == 0) free(r);
}

/* Takes the row of the same space and key away, if there is one. */
static void remove_row(storm_inst* self, const row* like) {
  row** const found = tfind(like, &self->tree, compare_rows);
  row* old;
  if (!found) return;
  old = *found;
  tdelete(old, &self->tree, compare_rows);
  self->live -= bytes_of(old);
  let_go(old);
}

/* Takes the row over. */
static int put_row(storm_inst* self, row* fresh) {
  remove_row(self, fresh);
  if (!tsearch(fresh, &self->tree, compare_rows)) {
    free(fresh);
    return 0;
  }
  self->live += bytes_of(fresh);
  return 1;
}

/* ---- ids of transactions ---- */

static const known_id* find_id(const storm_inst* self, const uint8_t* id) {
  const uint64_t count = self->ids_seen < kIdsKept ? self->ids_seen : kIdsKept;
  uint64_t i;
  for (i = 0; i < count; ++i) {
    if (memcmp(self->ids[i].id, id, 16) == 0) return &self->ids[i];
  }
  return NULL;
}

static int is_id(const uint8_t* id) {
  static const uint8_t kNone[16];
  return memcmp(id, kNone, sizeof kNone) != 0;
}

static void remember(storm_inst* self, const uint8_t* id, uint64_t revision) {
  known_id* const known = &self->ids[self->ids_seen++ % kIdsKept];
  memcpy(known->id, id, sizeof known->id);
  known->revision = revision;
}

/* ---- records: a head, then numbers and bytes; numbers are little-endian, as the whole ABI ---- */

typedef struct head {
  uint32_t magic;
  uint32_t head_sum; /* of the two below */
  uint64_t length;
  uint32_t sum;
  uint32_t zero;
} head;

typedef struct buffer {
  char* bytes; /* a head, then the record */
  size_t used;
  size_t room;
  int failed; /* out of memory */
} buffer;

static void put(buffer* out, const void* bytes, uint64_t count) {
  if (out->failed || count == 0) return;
  if (count > out->room - out->used) {
    const size_t room = 2 * (out->used + (size_t)count);
    char* const larger = realloc(out->bytes, room);
    if (!larger) {
      out->failed = 1;
      return;
    }
    out->bytes = larger;
    out->room = room;
  }
  memcpy(out->bytes + out->used, bytes, (size_t)count);
  out->used += (size_t)count;
}

static void put_number(buffer* out, uint64_t number) { put(out, &number, sizeof number); }

/* What a record begins with: revision, fence, id, how many deletes and puts. */
static void begin_record(buffer* out, uint64_t revision, uint64_t fence, const uint8_t* id,
                         uint64_t deletes, uint64_t puts) {
  const head none = {0};
  put(out, &none, sizeof none);
  put_number(out, revision);
  put_number(out, fence);
  put(out, id, 16);
  put_number(out, deletes);
  put_number(out, puts);
}

static void put_parts(buffer* out, storm_str space, storm_str key, storm_str value,
                      uint64_t revision) {
  put_number(out, space.n);
  put_number(out, key.n);
  put_number(out, value.n);
  put_number(out, revision);
  put(out, space.p, space.n);
  put(out, key.p, key.n);
  put(out, value.p, value.n);
}

static uint32_t checksum(const char* bytes, uint64_t count) { /* CRC-32, four bits at a time */
  static const uint32_t kTable[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
                                      0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
                                      0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                      0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
  uint32_t sum = ~UINT32_C(0);
  uint64_t i;
  for (i = 0; i < count; ++i) {
    sum ^= (uint8_t)bytes[i];
    sum = sum >> 4 ^ kTable[sum & 15];
    sum = sum >> 4 ^ kTable[sum & 15];
  }
  return ~sum;
}

static uint32_t head_checksum(const head* h) {
  char bytes[12];
  memcpy(bytes, &h->length, 8);
  memcpy(bytes + 8, &h->sum, 4);
  return checksum(bytes, sizeof bytes);
}

static int is_head(const char* at, uint64_t left, head* h) {
  if (left < sizeof *h) return 0;
  memcpy(h, at, sizeof *h);
  return h->magic == kMagic && h->head_sum == head_checksum(h);
}

/* Ends the record, and writes it at `*end` of a file, which is moved; an errno, or 0. */
static int write_record(int file, buffer* out, uint64_t* end) {
  head h = {0};
  size_t done = 0;
  if (out->failed) return ENOMEM;
  h.magic = kMagic;
  h.length = out->used - sizeof h;
  h.sum = checksum(out->bytes + sizeof h, h.length);
  h.head_sum = head_checksum(&h);
  memcpy(out->bytes, &h, sizeof h);
  while (done < out->used) {
    const ssize_t count = pwrite(file, out->bytes + done, out->used - done, (off_t)(*end + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : ENOSPC;
    done += (size_t)count;
  }
  if (fdatasync(file) != 0) return errno;
  *end += out->used;
  return 0;
}

/* ---- doing a record again ---- */

typedef struct reader {
  const char* at;
  uint64_t left;
  int wrong;
} reader;

static const char* take(reader* in, uint64_t count) {
  const char* const taken = in->at;
  if (in->wrong || count > in->left) {
    in->wrong = 1;
    return NULL;
  }
  in->at += count;
  in->left -= count;
  return taken;
}

static uint64_t take_number(reader* in) {
  uint64_t number = 0;
  const char* const bytes = take(in, sizeof number);
  if (bytes) memcpy(&number, bytes, sizeof number);
  return number;
}

static row* take_row(reader* in) {
  storm_str parts[3];
  uint64_t revision;
  int i;
  for (i = 0; i < 3; ++i) parts[i].n = take_number(in);
  revision = take_number(in);
  for (i = 0; i < 3; ++i) parts[i].p = take(in, parts[i].n);
  return in->wrong ? NULL : make_row(parts[0], parts[1], parts[2], revision);
}

/* The one way in which rows change. 0: the record is of another version, or memory is out. */
static int replay(storm_inst* self, const char* bytes, uint64_t count) {
  reader in = {bytes, count, 0};
  const uint64_t revision = take_number(&in);
  const uint64_t fence = take_number(&in);
  const char* const id = take(&in, 16);
  uint64_t deletes = take_number(&in);
  uint64_t puts = take_number(&in);
  for (; deletes > 0 && !in.wrong; --deletes) {
    row* const like = take_row(&in);
    if (!like) return 0;
    remove_row(self, like);
    free(like);
  }
  for (; puts > 0 && !in.wrong; --puts) {
    row* const fresh = take_row(&in);
    if (!fresh || !put_row(self, fresh)) return 0;
  }
  if (in.wrong || !id) return 0;
  if (revision > self->revision) self->revision = revision;
  if (fence > self->fence) self->fence = fence;
  if (is_id((const uint8_t*)id)) remember(self, (const uint8_t*)id, revision);
  return 1;
}

/* ---- writing the file anew, with what is left ---- */

typedef struct rewriting {
  int file;
  int problem; /* an errno */
  uint64_t end;
  const storm_inst* self;
  buffer part;
  uint64_t puts;
} rewriting;

static const uint8_t kNoId[16];

static void end_part(rewriting* to) {
  /* Where begin_record() has put the number of puts. */
  const size_t at = sizeof(head) + 2 * sizeof(uint64_t) + 16 + sizeof(uint64_t);
  if (to->problem) return;
  if (!to->part.failed) memcpy(to->part.bytes + at, &to->puts, sizeof to->puts);
  to->problem = write_record(to->file, &to->part, &to->end);
  to->part.used = 0;
  to->puts = 0;
}

static void begin_part(rewriting* to) {
  begin_record(&to->part, to->self->revision, to->self->fence, kNoId, 0, 0);
}

static void rewrite_row(const void* node, VISIT visit, void* context) {
  rewriting* const to = context;
  const row* const r = *(row* const*)node;
  const storm_str space = {r->bytes, r->space_n};
  const storm_str key = {r->bytes + r->space_n, r->key_n};
  const storm_str value = {r->bytes + r->space_n + r->key_n, r->value_n};
  if ((visit != postorder && visit != leaf) || to->problem) return;
  put_parts(&to->part, space, key, value, r->revision);
  ++to->puts;
  if (to->part.used < kRewritePart) return;
  end_part(to);
  begin_part(to);
}

static void rewrite_all(rewriting* to) {
  const storm_inst* const self = to->self;
  const uint64_t first = self->ids_seen < kIdsKept ? 0 : self->ids_seen - kIdsKept;
  uint64_t i;
  for (i = first; i < self->ids_seen; ++i) {
    const known_id* const known = &self->ids[i % kIdsKept];
    begin_record(&to->part, known->revision, 0, known->id, 0, 0);
    end_part(to);
  }
  begin_part(to);
  twalk_r(self->tree, rewrite_row, to);
  end_part(to);
}

static void sync_folder(storm_inst* self) {
  char folder[kPathBytesMax + 1];
  char* slash;
  int directory;
  memcpy(folder, self->path, sizeof folder);
  slash = strrchr(folder, '/');
  if (slash) slash[slash == folder] = '\0';
  directory = open(slash ? folder : ".", O_RDONLY | O_CLOEXEC);
  /* Which of the two files a crash would leave is not known otherwise. */
  if (directory < 0 || fsync(directory) != 0) self->broken = 1;
  if (directory >= 0) close(directory);
}

/* Failing is no failure of the transaction, which is in the file: the next try is later. */
static void rewrite_when_due(storm_inst* self) {
  char path[kPathBytesMax + 8];
  rewriting to = {0};
  if (self->end < 2 * self->live + kRewriteSlack || self->end < self->rewrite_at) return;
  self->rewrite_at = self->end + kRewriteSlack;
  snprintf(path, sizeof path, "%s.new", self->path);
  to.self = self;
  to.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (to.file < 0) return;
  rewrite_all(&to);
  free(to.part.bytes);
  if (to.problem || rename(path, self->path) != 0) {
    close(to.file);
    unlink(path);
    return;
  }
  close(self->file);
  self->file = to.file;
  self->end = to.end;
  self->rewrite_at = 0;
  sync_folder(self);
}

/* ---- storm.storage/1 ---- */

static void forget(storm_inst* self) {
  tdestroy(self->tree, let_go);
  self->tree = NULL;
  self->live = self->revision = self->fence = self->rewrite_at = self->ids_seen = self->end = 0;
  if (self->file >= 0) close(self->file);
  if (self->lock >= 0) close(self->lock);
  self->file = self->lock = -1;
}

static storm_rc lock_store(storm_inst* self, const storm_call* call) {
  char path[kPathBytesMax + 8];
  char number[24] = {0};
  snprintf(path, sizeof path, "%s.lock", self->path);
  self->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock < 0) return fail_errno(self, call, errno, "cannot make its lock file");
  if (flock(self->lock, LOCK_EX | LOCK_NB) != 0) {
    char message[kMessageBytes];
    const int problem = errno;
    const ssize_t length = pread(self->lock, number, sizeof number - 1, 0);
    if (problem != EWOULDBLOCK) return fail_errno(self, call, problem, "cannot be locked");
    snprintf(message, sizeof message,
             "is in use by process %ld: stop it, or give this one a path of its own",
             length > 0 ? strtol(number, NULL, 10) : 0L);
    return fail(self, call, STORM_E_BUSY, message);
  }
  /* Only information: a lock without a number is a lock all the same. */
  snprintf(number, sizeof number, "%ld\n", (long)getpid());
  if (ftruncate(self->lock, 0) != 0 || pwrite(self->lock, number, strlen(number), 0) < 0) return 0;
  return STORM_OK;
}

static char* read_file(int file, uint64_t* count) {
  struct stat status;
  char* bytes;
  uint64_t have = 0;
  if (fstat(file, &status) != 0) return NULL;
  *count = (uint64_t)status.st_size;
  bytes = malloc((size_t)*count + 1);
  while (bytes && have < *count) {
    const ssize_t got = pread(file, bytes + have, (size_t)(*count - have), (off_t)have);
    if (got <= 0) {
      free(bytes);
      return NULL;
    }
    have += (uint64_t)got;
  }
  return bytes;
}

/* Each record was on the disk before the next was begun, so only the last one can be cut off: where
 * another begins behind a bad one, something else has happened. */
static storm_rc replay_all(storm_inst* self, const storm_call* call, const char* bytes,
                           uint64_t count) {
  head h;
  uint64_t at;
  while (is_head(bytes + self->end, count - self->end, &h)) {
    const char* const record = bytes + self->end + sizeof h;
    if (h.length > count - self->end - sizeof h || checksum(record, h.length) != h.sum) break;
    if (!replay(self, record, h.length)) {
      return fail(self, call, STORM_E_UNSUPPORTED, "was written by another version of file_rows");
    }
    self->end += sizeof h + h.length;
  }
  for (at = self->end + 1; at + sizeof h <= count; ++at) {
    if (is_head(bytes + at, count - at, &h)) {
      return fail(self, call, STORM_E_CORRUPT, "is damaged; restore it from a backup");
    }
  }
  if (self->end < count && ftruncate(self->file, (off_t)self->end) != 0) {
    return fail_errno(self, call, errno, "cannot be cut to its last whole record");
  }
  return STORM_OK;
}

static storm_rc open_locked(storm_inst* self, const storm_call* call) {
  uint64_t count = 0;
  char* bytes;
  storm_rc rc = lock_store(self, call);
  if (rc < 0) return rc;
  self->broken = 0;
  self->file = open(self->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->file < 0) return fail_errno(self, call, errno, "cannot be opened");
  bytes = read_file(self->file, &count);
  if (!bytes) return fail_errno(self, call, errno, "cannot be read");
  rc = replay_all(self, call, bytes, count);
  free(bytes);
  return rc;
}

static storm_rc open_store(storm_inst* self, const storm_call* call, storm_store_info* info) {
  storm_rc rc;
  pthread_mutex_lock(&self->mutex);
  forget(self);
  rc = open_locked(self, call);
  if (rc < 0) forget(self);
  info->caps = STORM_STORE_DURABLE;
  info->revision = self->revision;
  pthread_mutex_unlock(&self->mutex);
  return rc;
}

static storm_rc close_store(storm_inst* self, const storm_call* call) {
  (void)call;
  pthread_mutex_lock(&self->mutex);
  forget(self);
  pthread_mutex_unlock(&self->mutex);
  return STORM_OK;
}

typedef struct listing {
  storm_str space;
  row** rows;
  size_t count;
  size_t room;
  int failed;
} listing;

static void list_row(const void* node, VISIT visit, void* context) {
  listing* const to = context;
  row* const r = *(row* const*)node;
  if ((visit != postorder && visit != leaf) || to->failed) return;
  if (compare_bytes(r->bytes, r->space_n, to->space.p, to->space.n) != 0) return;
  if (to->count == to->room) {
    row** const larger = realloc(to->rows, (2 * to->room + 64) * sizeof *larger);
    to->failed = !larger;
    if (!larger) return;
    to->rows = larger;
    to->room = 2 * to->room + 64;
  }
  ++r->holders;
  to->rows[to->count++] = r;
}

/* One revision: the rows are held under the lock, and told without it. */
static storm_rc load(storm_inst* self, const storm_call* call, storm_str space,
                     const storm_rows* rows) {
  listing all = {0};
  uint64_t revision;
  size_t i;
  storm_rc rc = STORM_OK;
  all.space = space.n ? space : (storm_str){"", 0};
  pthread_mutex_lock(&self->mutex);
  revision = self->revision;
  twalk_r(self->tree, list_row, &all);
  pthread_mutex_unlock(&self->mutex);
  for (i = 0; i < all.count && rc >= 0 && !all.failed; ++i) {
    const row* const r = all.rows[i];
    const storm_row out = {sizeof out,
                           0,
                           {r->bytes, r->space_n},
                           {r->bytes + r->space_n, r->key_n},
                           {r->bytes + r->space_n + r->key_n, r->value_n},
                           r->revision};
    const storm_list one = {&out, 1, sizeof out};
    const storm_list none = {NULL, 0, sizeof out};
    if (self->calls && self->calls->cancelled(self->host, call) == STORM_YES) {
      rc = STORM_E_CANCELLED;
    } else {
      rc = rows->rows(rows, one, none, revision);
    }
  }
  pthread_mutex_lock(&self->mutex);
  for (i = 0; i < all.count; ++i) let_go(all.rows[i]);
  pthread_mutex_unlock(&self->mutex);
  free(all.rows);
  if (all.failed) return fail(self, call, STORM_E_INTERNAL, "cannot be listed: out of memory");
  if (rc < 0) return fail(self, call, rc, "was listed in part: the listing was ended");
  return STORM_OK;
}

static const storm_row* row_at(storm_list list, uint32_t index) {
  return (const storm_row*)((const char*)list.p + (size_t)index * list.stride);
}

/* The rows of a transaction into a record; what breaks a limit is named, else NULL. */
static const char* put_rows(buffer* out, storm_list list, uint64_t revision, int with_values) {
  const storm_str none = {NULL, 0};
  uint32_t i;
  for (i = 0; i < list.n; ++i) {
    const storm_row* const in = row_at(list, i);
    const storm_str value = with_values ? in->value : none;
    if (in->space.n > kSpaceBytesMax) return "takes spaces up to a limit of 64 bytes";
    if (in->key.n > kKeyBytesMax) return "takes keys up to a limit of 512 bytes";
    if (value.n > kValueBytesMax) return "takes values up to a limit of 64 MiB";
    put_parts(out, in->space, in->key, value, revision);
  }
  return NULL;
}

static storm_rc apply_record(storm_inst* self, const storm_call* call, const storm_txn* txn,
                             buffer* out) {
  const uint64_t revision = self->revision + 1;
  const uint64_t fence = txn->fence > self->fence ? txn->fence : self->fence;
  const char* broken_limit;
  int problem;
  begin_record(out, revision, fence, txn->txn_id, txn->deletes.n, txn->puts.n);
  broken_limit = put_rows(out, txn->deletes, revision, 0);
  if (!broken_limit) broken_limit = put_rows(out, txn->puts, revision, 1);
  if (broken_limit) return fail(self, call, STORM_E_INVALID, broken_limit);
  problem = write_record(self->file, out, &self->end);
  if (problem) {
    self->broken = ftruncate(self->file, (off_t)self->end) != 0 || fdatasync(self->file) != 0;
    return fail_errno(self, call, problem, "cannot be written");
  }
  /* From here on it counts. */
  if (!replay(self, out->bytes + sizeof(head), out->used - sizeof(head))) {
    self->broken = 1;
    return fail(self, call, STORM_E_UNAVAILABLE, "has to be opened again: out of memory");
  }
  rewrite_when_due(self);
  return STORM_OK;
}

static storm_rc apply_locked(storm_inst* self, const storm_call* call, const storm_txn* txn,
                             uint64_t* revision) {
  const known_id* const known = is_id(txn->txn_id) ? find_id(self, txn->txn_id) : NULL;
  buffer out = {0};
  storm_rc rc;
  if (self->file < 0) return fail(self, call, STORM_E_UNAVAILABLE, "is not open");
  if (known) {
    *revision = known->revision;
    return STORM_OK;
  }
  if (self->broken) {
    return fail(self, call, STORM_E_UNAVAILABLE,
                "could not be put back after a failed write; restart, so that it is read again");
  }
  if (txn->expect_revision != 0 && txn->expect_revision != self->revision) {
    return fail(self, call, STORM_E_CONFLICT, "is at another revision than the expected one");
  }
  if (txn->fence != 0 && txn->fence < self->fence) {
    return fail(self, call, STORM_E_FENCED, "was written by a newer holder");
  }
  if ((uint64_t)txn->puts.n + txn->deletes.n > kRowsMax) {
    return fail(self, call, STORM_E_INVALID, "takes transactions up to a limit of 100000 rows");
  }
  rc = apply_record(self, call, txn, &out);
  free(out.bytes);
  *revision = self->revision;
  return rc;
}

static storm_rc apply(storm_inst* self, const storm_call* call, const storm_txn* txn,
                      uint64_t* revision) {
  storm_rc rc;
  pthread_mutex_lock(&self->mutex);
  rc = apply_locked(self, call, txn, revision);
  pthread_mutex_unlock(&self->mutex);
  return rc;
}

static const storm_storage_v1 kStorage = {
    .size = sizeof(storm_storage_v1),
    .open = open_store,
    .load = load,
    .apply = apply,
    .close = close_store,
};

/* ---- life of an instance ---- */

/* {"path": "..."} and nothing else; what is between quotes needs no more of JSON. */
static int read_path(storm_str config, char* path) {
  const char* at = config.p;
  const char* const end = config.p + config.n;
  storm_str words[2];
  int count = 0;
  if (config.n == 0 || *at != '{' || memchr(at, '\\', (size_t)config.n)) return 0;
  while (at < end) {
    const char* const quote = memchr(at, '"', (size_t)(end - at));
    const char* const close = quote ? memchr(quote + 1, '"', (size_t)(end - quote - 1)) : NULL;
    if (!quote) break;
    if (!close || count == 2) return 0;
    words[count].p = quote + 1;
    words[count++].n = (uint64_t)(close - quote - 1);
    at = close + 1;
  }
  if (count != 2 || words[0].n != 4 || memcmp(words[0].p, "path", 4) != 0) return 0;
  if (words[1].n == 0 || words[1].n > kPathBytesMax) return 0;
  memcpy(path, words[1].p, (size_t)words[1].n);
  path[words[1].n] = '\0';
  return 1;
}

static storm_rc create(const storm_host* host, const storm_call* call, storm_str config_json,
                       storm_inst** out) {
  storm_inst* const self = calloc(1, sizeof *self);
  if (!self) return STORM_E_INTERNAL;
  self->host = host;
  self->calls = host->service(host, STORM_HOST_CALLS_V1);
  if (!STORM_HAS(storm_calls_v1, self->calls, cancelled)) self->calls = NULL;
  self->file = self->lock = -1;
  if (!read_path(config_json, self->path)) {
    snprintf(self->path, sizeof self->path, "file_rows");
    fail(self, call, STORM_E_INVALID,
         "needs the setting \"path\" and no other: its file, without quotes and backslashes");
    free(self);
    return STORM_E_INVALID;
  }
  pthread_mutex_init(&self->mutex, NULL);
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

static void destroy(storm_inst* self) {
  forget(self);
  pthread_mutex_destroy(&self->mutex);
  free(self);
}

/* ---- what the library exports ---- */

static const char* const kProvides[] = {STORM_STORAGE_V1, NULL};

static const void* iface(const char* id) {
  return strcmp(id, STORM_STORAGE_V1) == 0 ? &kStorage : NULL;
}

#define STR(words) \
  { words, sizeof(words) - 1 }
static const storm_plugin kPlugin = {
    .size = sizeof(storm_plugin),
    .abi_major = STORM_ABI_MAJOR,
    .abi_minor = STORM_ABI_MINOR,
    .abi_min_minor = 0,
    .id = STR("storage.file_rows"),
    .version = STR(STORM_PLUGIN_VERSION), /* from CMakeLists.txt */
    .config_schema_json = STR(kConfigSchema),
    .provides = kProvides,
    .iface = iface,
    .create = create,
    .start = start,
    .quiesce = quiesce,
    .destroy = destroy,
};

STORM_EXPORT const storm_plugin* storm_entry_file_rows(uint32_t host_major, uint32_t host_minor);
const storm_plugin* storm_entry_file_rows(uint32_t host_major, uint32_t host_minor) {
  (void)host_minor;
  return host_major == STORM_ABI_MAJOR ? &kPlugin : NULL;
}
