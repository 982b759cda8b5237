// The paged cache of keys and values (or MLA latents) of many sequences.
//
// A page holds page_tokens positions of every layer: [layer][token][row]. Sequences share whole pages by reference; a
// page that is to be written while shared is copied first. Where a position's page lies never changes a bit of any
// result. Thread safety: one driving thread.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "model/config.h"
#include "tensor/attention.h"

namespace r1 {

// Rows, dims and offsets of a model's KV rows, padded to whole lanes.
AttentionLayout attention_layout(const ModelConfig& config);
// Bytes a token takes in the cache, all layers (f32, padding included).
uint64_t kv_bytes_per_token(const ModelConfig& config);

class KvCache;

// A sequence's pages. Move-only; gives its pages back when destroyed. The cache must outlive it.
class KvSequence {
 public:
  KvSequence() = default;
  KvSequence(KvSequence&& other) noexcept { *this = std::move(other); }
  KvSequence& operator=(KvSequence&& other) noexcept;
  ~KvSequence() { clear(); }

  size_t length() const { return length_; }
  void clear();

 private:
  friend class KvCache;
  KvCache* cache_ = nullptr;
  std::vector<uint32_t> pages_;
  size_t length_ = 0;
};

class KvCache {
 public:
  // REQUIRES: page_tokens >= 1.
  KvCache(const ModelConfig& config, size_t page_tokens = 32);

  KvSequence make_sequence();
  // A sequence with the same content; costs no copy until one of the two grows into a shared page.
  KvSequence fork(const KvSequence& from);
  // Room for `tokens` more positions; the caller then writes rows through row_for_write and calls commit.
  void extend(KvSequence& sequence, size_t tokens);
  float* row_for_write(const KvSequence& sequence, size_t layer, size_t position);
  void commit(KvSequence& sequence, size_t tokens) { sequence.length_ += tokens; }

  // The page starts of one layer, for KvRows.
  void page_pointers(const KvSequence& sequence, size_t layer, std::vector<const float*>& out) const;
  size_t page_tokens() const { return page_tokens_; }
  size_t pages_in_use() const { return pages_.size() - free_.size(); }

 private:
  friend class KvSequence;
  struct Page {
    FloatBuffer data;
    uint32_t owners = 0;
  };
  uint32_t take_page();
  void release(uint32_t page);

  size_t layers_, row_, page_tokens_;
  std::vector<Page> pages_;
  std::vector<uint32_t> free_;
};

}  // namespace r1
