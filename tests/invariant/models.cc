#include "models.h"

#include "base/files.h"
#include "bundle/hf_weights.h"

namespace r1 {
namespace {

// Most sizes are no multiple of a lane, a panel, or a tile.
ModelConfig random_config(Kind kind, MlaForm form, uint64_t seed, Width width) {
  Rng rng{seed, hash64("config") + uint64_t(kind), 0};
  const auto pick = [&](int64_t low, int64_t high) { return uint32_t(rng.integer(low, high)); };
  const bool even_seed = seed % 2 == 0;
  ModelConfig c;
  const bool wide = width == Width::wide;
  c.vocab_size = wide ? pick(370, 410) : pick(37, 71);
  c.hidden_size = wide ? pick(130, 150) : pick(17, 45);
  c.intermediate_size = wide ? pick(190, 210) : pick(19, 53);
  c.num_hidden_layers = wide ? 2 : 3;
  c.max_position_embeddings = 512;
  c.tie_word_embeddings = !even_seed;
  c.rope.theta = 500;
  if (kind == Kind::llama || kind == Kind::qwen2) {
    c.family = kind == Kind::llama ? Family::llama : Family::qwen2;
    c.num_key_value_heads = pick(1, 3);
    c.num_attention_heads = c.num_key_value_heads * pick(1, 6);
    c.head_dim = 2 * pick(3, 12);
    c.qkv_bias = kind == Kind::qwen2;
    c.rope.dim = c.head_dim;
    if (kind == Kind::llama) {
      c.rope.scaling = RopeScaling::llama3;
      c.rope.factor = 8;
      c.rope.original_max_position = 32;
    }
    return c;
  }
  const bool v3 = kind != Kind::deepseek_v2;
  c.family = v3 ? Family::deepseek_v3 : Family::deepseek_v2;
  c.attention = AttentionKind::mla;
  c.num_attention_heads = pick(2, 7);
  c.mla = {kind == Kind::deepseek_v3_direct_q ? 0 : pick(7, 21),
           pick(9, 37),
           pick(5, 19),
           2 * pick(1, 5),
           pick(3, 18),
           form,
           1e-6f};
  c.rope.dim = c.mla.qk_rope_head_dim;
  c.rope.pairs = even_seed ? RopePairs::interleaved : RopePairs::half_split;
  if (even_seed) {
    c.rope.scaling = RopeScaling::yarn;
    c.rope.factor = 4;
    c.rope.original_max_position = 32;
    c.rope.mscale = c.rope.mscale_all_dim = 1;
  }
  GateConfig& g = c.gate;
  g.n_group = even_seed ? 4 : 1;
  g.topk_group = even_seed ? 2 : 1;
  g.n_routed_experts = g.n_group * (even_seed ? 2 : 7);
  g.num_experts_per_tok = pick(1, 4);
  g.scoring_func = v3 ? ScoreFn::sigmoid : ScoreFn::softmax;
  g.group_score = v3 ? GroupScore::top2_sum : GroupScore::max;
  g.norm_topk_prob = v3;
  g.routed_scaling_factor = 1.7f;
  g.has_correction_bias = v3;
  c.moe_intermediate_size = pick(5, 19);
  c.n_shared_experts = pick(0, 2);
  c.first_k_dense_replace = 1;
  c.num_nextn_predict_layers = kind == Kind::deepseek_v3 ? 1 : 0;
  return c;
}

// Gains away from 1 and biases away from 0, so that none of them is lost unseen.
void randomise_vectors(const ModelConfig& config, Weights& weights, uint64_t seed) {
  std::vector<float> rows;
  for (const TensorSpec& s : tensor_list(config)) {
    if (s.cols != 0 || (s.mtp && weights.mtp.empty())) continue;
    Rng rng{seed, hash64(s.name), 1};
    rows.resize(s.elements());
    for (float& x : rows) x = s.role == Role::norm ? float(0.5 + rng.uniform()) : float(0.3 * rng.normal());
    write_tensor(weights, config, s, rows.data());
  }
}

std::string folder_of(const Case& c) { return cat(R1_SOURCE_DIR, "/tests/parity/reference/", c.reference); }

}  // namespace

std::vector<Case> random_cases(uint64_t seeds, Width width) {
  constexpr std::pair<Kind, const char*> kKinds[] = {{Kind::llama, "llama"},
                                                     {Kind::qwen2, "qwen2"},
                                                     {Kind::deepseek_v2, "deepseek_v2"},
                                                     {Kind::deepseek_v3, "deepseek_v3"},
                                                     {Kind::deepseek_v3_direct_q, "deepseek_v3_direct_q"}};
  std::vector<Case> out;
  for (uint64_t seed = 0; seed < seeds; ++seed)
    for (const auto& [kind, name] : kKinds) {
      const bool latent = kind >= Kind::deepseek_v2;
      out.push_back({cat(name, latent ? "_absorbed_" : "_", seed), kind, MlaForm::absorbed, seed, width, ""});
      if (latent) out.push_back({cat(name, "_naive_", seed), kind, MlaForm::naive, seed, width, ""});
    }
  return out;
}

std::vector<Case> reference_cases() {
  std::vector<Case> out;
  for (const char* folder :
       {"llama-tiny", "qwen2-tiny", "deepseek-v2-tiny", "deepseek-v3-tiny", "deepseek-v3-noqlora-tiny"}) {
    std::string name = cat("reference_", folder);
    for (char& ch : name)
      if (ch == '-') ch = '_';
    const bool latent = folder[0] == 'd';
    out.push_back({name + (latent ? "_absorbed" : ""), Kind::llama, MlaForm::absorbed, 0, Width::narrow, folder});
    if (latent) out.push_back({name + "_naive", Kind::llama, MlaForm::naive, 0, Width::narrow, folder});
  }
  return out;
}

std::vector<Case> joined(std::vector<Case> a, const std::vector<Case>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

ModelConfig config_of(const Case& c) {
  ModelConfig config;
  if (c.reference.empty()) {
    config = random_config(c.kind, c.form, c.seed, c.width);
  } else {
    auto text = real_files().read(folder_of(c) + "/config.json");
    EXPECT_TRUE(text.ok()) << text.error().text();
    auto read = config_from_json(*text, "config.json");
    EXPECT_TRUE(read.ok()) << read.error().text();
    config = *read;
    config.mla.form = c.form;
  }
  config.attention_scale = attention_scale_of(config);
  const Status valid = validate(config, c.name);
  EXPECT_TRUE(valid.ok()) << valid.error().text();
  return config;
}

Model model_of(const Case& c, bool with_grad) {
  const ModelConfig config = config_of(c);
  if (!c.reference.empty()) {
    auto file = Safetensors::open_file(folder_of(c) + "/model.safetensors");
    EXPECT_TRUE(file.ok()) << file.error().text();
    auto weights = load_weights(*file, config, {.with_grad = with_grad}, c.name);
    EXPECT_TRUE(weights.ok()) << weights.error().text();
    return Model(config, std::move(weights).value());
  }
  Weights weights = allocate_weights(config, with_grad, true);
  initialise(config, weights, c.seed, c.width == Width::wide ? 0.15f : 0.3f);
  randomise_vectors(config, weights, c.seed);
  return Model(config, std::move(weights));
}

std::vector<int> random_tokens(Rng& rng, size_t n, const ModelConfig& config) {
  std::vector<int> out(n);
  for (int& t : out) t = int(rng.integer(0, int64_t(config.vocab_size) - 1));
  return out;
}

std::vector<std::vector<int>> random_sequences(Rng& rng, size_t count, size_t longest, const ModelConfig& config) {
  std::vector<std::vector<int>> out(count);
  for (auto& s : out) s = random_tokens(rng, size_t(rng.integer(1, int64_t(longest))), config);
  return out;
}

}  // namespace r1
