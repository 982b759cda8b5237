#include "model/kv_cache.h"

#include <algorithm>
#include <utility>

namespace r1 {
namespace {

AttentionLayout mla_layout(const ModelConfig& c) {
  const MlaConfig& m = c.mla;
  AttentionLayout l;
  l.heads = c.num_attention_heads;
  if (m.form == MlaForm::absorbed) {  // one key for all heads: [latent | rope]; the value is its head
    l.groups = 1;
    l.k_dim = l.row = round_up(m.kv_lora_rank + m.qk_rope_head_dim, kLanes);
    l.v_dim = round_up(m.kv_lora_rank, kLanes);
    return l;
  }
  l.groups = l.heads;
  l.k_dim = l.k_stride = round_up(m.qk_nope_head_dim + m.qk_rope_head_dim, kLanes);
  l.v_dim = l.v_stride = round_up(m.v_head_dim, kLanes);
  l.v_offset = l.heads * l.k_dim;
  l.row = l.heads * (l.k_dim + l.v_dim);
  return l;
}

}  // namespace

AttentionLayout attention_layout(const ModelConfig& c) {
  AttentionLayout l;
  if (c.attention == AttentionKind::mla) {
    l = mla_layout(c);
  } else {
    l.heads = c.num_attention_heads;
    l.groups = c.num_key_value_heads;
    l.k_dim = l.v_dim = l.k_stride = l.v_stride = round_up(c.head_dim, kLanes);
    l.v_offset = l.groups * l.k_dim;
    l.row = 2 * l.v_offset;
  }
  l.scale = float(c.attention_scale);
  return l;
}

uint64_t kv_bytes_per_token(const ModelConfig& c) {
  return uint64_t(c.num_hidden_layers) * attention_layout(c).row * sizeof(float);
}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept {
  clear();
  cache_ = std::exchange(other.cache_, nullptr);
  pages_ = std::move(other.pages_);
  other.pages_.clear();
  length_ = std::exchange(other.length_, 0);
  return *this;
}

void KvSequence::clear() {
  for (uint32_t page : pages_) cache_->release(page);
  pages_.clear();
  length_ = 0;
}

KvCache::KvCache(const ModelConfig& config, size_t page_tokens)
    : layers_(config.num_hidden_layers), row_(attention_layout(config).row), page_tokens_(page_tokens) {
  CHECK(page_tokens >= 1);
}

KvSequence KvCache::make_sequence() {
  KvSequence s;
  s.cache_ = this;
  return s;
}

KvSequence KvCache::fork(const KvSequence& from) {
  KvSequence s = make_sequence();
  s.pages_.assign(from.pages_.begin(),
                  from.pages_.begin() + std::ptrdiff_t((from.length_ + page_tokens_ - 1) / page_tokens_));
  s.length_ = from.length_;
  for (uint32_t page : s.pages_) ++pages_[page].owners;
  return s;
}

void KvCache::extend(KvSequence& s, size_t tokens) {
  CHECK(s.cache_ == this);
  if (tokens > 0 && s.length_ % page_tokens_ != 0) {
    uint32_t& last = s.pages_[s.length_ / page_tokens_];
    if (pages_[last].owners > 1) {
      const uint32_t copy = take_page();
      std::copy_n(pages_[last].data.data(), pages_[last].data.size(), pages_[copy].data.data());
      release(last);
      last = copy;
    }
  }
  while (s.pages_.size() * page_tokens_ < s.length_ + tokens) s.pages_.push_back(take_page());
}

float* KvCache::row_for_write(const KvSequence& s, size_t layer, size_t position) {
  Page& page = pages_[s.pages_[position / page_tokens_]];
  return page.data.data() + (layer * page_tokens_ + position % page_tokens_) * row_;
}

void KvCache::page_pointers(const KvSequence& s, size_t layer, std::vector<const float*>& out) const {
  out.resize(s.pages_.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = pages_[s.pages_[i]].data.data() + layer * page_tokens_ * row_;
}

uint32_t KvCache::take_page() {
  uint32_t page;
  if (free_.empty()) {
    page = uint32_t(pages_.size());
    pages_.push_back({FloatBuffer(layers_ * page_tokens_ * row_), 0});
  } else {
    page = free_.back();
    free_.pop_back();
  }
  pages_[page].owners = 1;
  return page;
}

void KvCache::release(uint32_t page) {
  if (--pages_[page].owners == 0) free_.push_back(page);
}

}  // namespace r1
