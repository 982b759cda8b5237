// The check at start: it passes every table we ship and names the entry of a table that is a little off.
#include "kernels/targets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

namespace r1 {
namespace {

TEST(Targets, EveryTableIsFullAndPassesItsCheck) {
  const auto tables = all_kernels();
  ASSERT_EQ(tables.size(), simd_kernels().size() + 1);
  EXPECT_EQ(tables.back(), &plain_kernels());
  std::set<std::string> names;
  for (const Kernels* t : tables) {
    EXPECT_EQ(self_check(*t), "") << t->name;
    EXPECT_TRUE(names.insert(t->name).second) << t->name << " stands twice";
    void (*entries[sizeof(Kernels) / sizeof(void*)])();
    std::memcpy(entries, t, sizeof entries);
    for (const auto entry : entries) EXPECT_NE(entry, nullptr) << t->name;
  }
}

TEST(Targets, TheFirstGoodTableIsChosen) {
  std::string skipped;
  EXPECT_EQ(&choose_kernels(&skipped), all_kernels().front());
  EXPECT_EQ(skipped, "");
  EXPECT_EQ(&choose_kernels(), all_kernels().front());
}

const Kernels& plain() { return plain_kernels(); }
float up(float x) { return std::nextafter(x, INFINITY); }

// Each spoils one entry as a wrong kernel might: another order of sum, a product that is not fused, one ulp, a wrong
// tail.
struct Spoiled {
  const char* entry;
  void (*spoil)(Kernels&);
};
const Spoiled kSpoiled[] = {
    {"gemm",
     [](Kernels& t) {
       t.gemm = [](const float* x, size_t ldx, size_t rows, const float* w, size_t k, size_t n, size_t, size_t,
                   float* y, size_t ldy, bool accumulate) {
         for (size_t m = 0; m < rows; ++m)
           for (size_t j = 0; j < n; ++j) {
             float sum = accumulate ? y[m * ldy + j] : 0.0f;
             for (size_t i = 0; i < k; ++i) sum += x[m * ldx + i] * w[(j / kLanes * k + i) * kLanes + j % kLanes];
             y[m * ldy + j] = sum;
           }
       };
     }},
    {"gemm_weight_grad",
     [](Kernels& t) {
       t.gemm_weight_grad = [](const float* x, size_t ldx, const float* dy, size_t ldy, size_t rows, size_t k, size_t n,
                               size_t panel_begin, size_t panel_end, size_t k_begin, size_t k_end, float* dw) {
         for (size_t m = rows; m-- > 0;)  // rows descending
           plain().gemm_weight_grad(x + m * ldx, ldx, dy + m * ldy, ldy, 1, k, n, panel_begin, panel_end, k_begin,
                                    k_end, dw);
       };
     }},
    {"dot",
     [](Kernels& t) {
       t.dot = [](const float* a, const float* b, size_t n) {
         float sum = 0;
         for (size_t i = 0; i < n; ++i) sum = std::fma(a[i], b[i], sum);
         return sum;
       };
     }},
    {"sum_squares",
     [](Kernels& t) {
       t.sum_squares = [](const float* a, size_t n) { return plain().dot(a, a, n - 1) + a[n - 1] * a[n - 1]; };
     }},
    {"axpy",
     [](Kernels& t) {
       t.axpy = [](float* y, float a, const float* x, size_t n) {
         for (size_t i = 0; i < n; ++i) y[i] += a * x[i];
       };
     }},
    {"add",
     [](Kernels& t) {
       t.add = [](float* y, const float* a, const float* b, size_t n) { plain().add(y, a, b, n / kLanes * kLanes); };
     }},
    {"rms_norm",
     [](Kernels& t) {
       t.rms_norm = [](float* y, const float* x, const float* gain, size_t n, float eps) {
         const float r = plain().rms_norm(y, x, gain, n, eps);
         for (size_t i = 0; i < n; ++i) y[i] = x[i] * (r * gain[i]);
         return r;
       };
     }},
    {"rms_norm_vjp",
     [](Kernels& t) {
       t.rms_norm_vjp = [](float* dx, float* dgain, const float* dy, const float* x, const float* gain, size_t n,
                           float r) { plain().rms_norm_vjp(dx, dgain, dy, x, gain, n, up(r)); };
     }},
    {"swiglu",
     [](Kernels& t) {
       t.swiglu = [](float* y, const float* gate, const float* up_row, size_t n) {
         plain().swiglu(y, gate, up_row, n);
         y[n - 1] = up(y[n - 1]);
       };
     }},
    {"swiglu_vjp",
     [](Kernels& t) {
       t.swiglu_vjp = [](float* dgate, float* dup, const float* dy, const float* gate, const float* up_row, size_t n) {
         plain().swiglu_vjp(dgate, dup, dy, gate, up_row, n);
         dup[0] = up(dup[0]);
       };
     }},
    {"sigmoid",
     [](Kernels& t) {
       t.sigmoid = [](float* y, const float* x, size_t n) {
         for (size_t i = 0; i < n; ++i) y[i] = 1.0f / (1.0f + std::exp(-x[i]));
       };
     }},
    {"row_stats",
     [](Kernels& t) {
       t.row_stats = [](const float* z, size_t n, float scale) {
         const RowStats s = plain().row_stats(z, n, scale);
         return RowStats{s.max, up(s.log_sum)};
       };
     }},
    {"softmax",
     [](Kernels& t) {
       t.softmax = [](float* out, const float* z, size_t n, float scale, RowStats s) {
         plain().softmax(out, z, n, scale, {s.max + s.log_sum, 0});
       };
     }},
    {"attention",
     [](Kernels& t) {
       t.attention = [](const AttentionShape& s, const float* q, const KvRows& kv, float* out, RowStats* stats,
                        float* scores) {
         AttentionShape fewer = s;
         --fewer.keys;
         plain().attention(fewer, q, kv, out, stats, scores);
       };
     }},
    {"attention_vjp",
     [](Kernels& t) {
       t.attention_vjp = [](const AttentionShape& s, const float* q, const KvRows& kv, const float* out,
                            const RowStats* stats, const float* d_out, float* dq, float* dkv, float* scratch) {
         plain().attention_vjp(s, q, kv, out, stats, d_out, dq, dkv, scratch);
         dkv[0] = up(dkv[0]);
       };
     }},
    {"adamw",
     [](Kernels& t) {
       t.adamw = [](float* w, float* m, float* v, const float* g, size_t n, const AdamWStep& step) {
         AdamWStep other = step;
         other.eps = 0;
         other.weight_decay = up(step.weight_decay);
         plain().adamw(w, m, v, g, n, other);
       };
     }},
};

TEST(SelfCheck, NamesTheEntryThatIsALittleOff) {
  for (const Spoiled& s : kSpoiled) {
    Kernels table = plain_kernels();
    s.spoil(table);
    EXPECT_EQ(self_check(table), s.entry);
  }
}

// A new entry must get its own line here and in the check.
TEST(SelfCheck, CoversEveryEntry) { EXPECT_EQ(std::size(kSpoiled), sizeof(Kernels) / sizeof(void*) - 1); }

}  // namespace
}  // namespace r1
