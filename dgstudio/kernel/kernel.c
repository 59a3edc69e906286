/* Every line of arithmetic here is in docs/kernel.md, and in reference.py in numpy: the same bytes on every machine.
 * For that, no sum may be reordered and no product fused: compile as build.py does (C99, -ffp-contract=off).
 */
#include "kernel.h"

#include <string.h>

#if defined(__FLT_EVAL_METHOD__)
typedef char dg_no_excess_precision[__FLT_EVAL_METHOD__ == 0 ? 1 : -1];
#endif
#if defined(__FAST_MATH__)
#error "fast-math changes bits"
#endif
typedef char dg_float_is_binary32[sizeof(float) == 4 ? 1 : -1];

#if defined(__GNUC__)
#define NOINLINE __attribute__((noinline))
#define INLINE inline __attribute__((always_inline))
#else
#define NOINLINE
#define INLINE inline
#endif

#define TILES(n) (((n) + DG_TILE - 1) / DG_TILE * DG_TILE)
#define LANES(n) (((n) + DG_LANES - 1) / DG_LANES * DG_LANES)

static const float CLIP = 6.0f;
static const float UNKNOWN = -30.0f;
static const float GAIN = 10.0f;

/* -- the state of the processor ------------------------------------------------------------------------------------ */

/* Another library may have told this thread to flush denormals to zero, or to round otherwise. Not during a call. */
#if defined(__x86_64__) || (defined(__i386__) && defined(__SSE__))
typedef uint32_t dg_state;
static dg_state enter(void) {
    uint32_t was, plain = 0x1F80;
    __asm__ volatile("stmxcsr %0" : "=m"(was) : : "memory");
    if ((was & ~0x3Fu) != plain) __asm__ volatile("ldmxcsr %0" : : "m"(plain) : "memory");
    return was;
}
static void leave(dg_state was) {
    if ((was & ~0x3Fu) != 0x1F80) __asm__ volatile("ldmxcsr %0" : : "m"(was) : "memory");
}
#elif defined(__aarch64__)
typedef uint64_t dg_state;
static dg_state enter(void) {
    uint64_t was;
    __asm__ volatile("mrs %0, fpcr" : "=r"(was) : : "memory");
    if (was) __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0) : "memory");
    return was;
}
static void leave(dg_state was) {
    if (was) __asm__ volatile("msr fpcr, %0" : : "r"(was) : "memory");
}
#elif defined(__arm__) && defined(__ARM_FP)
typedef uint32_t dg_state;
static dg_state enter(void) {
    uint32_t was;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(was) : : "memory");
    if (was & 0x07C00000u) __asm__ volatile("vmsr fpscr, %0" : : "r"((uint32_t)0) : "memory");
    return was;
}
static void leave(dg_state was) {
    if (was & 0x07C00000u) __asm__ volatile("vmsr fpscr, %0" : : "r"(was) : "memory");
}
#else
typedef int dg_state;
static dg_state enter(void) { return 0; }
static void leave(dg_state was) { (void)was; }
#endif

/* -- sums ---------------------------------------------------------------------------------------------------------- */

/* y += W x, input by input. W: columns (n, m); m in tiles. */
static void columns(float *restrict y, const float *restrict W, const float *restrict x, int32_t n, int32_t m) {
    for (int32_t j = 0; j < m; j += DG_TILE) {
        float sum[DG_TILE];
        for (int l = 0; l < DG_TILE; l++) sum[l] = y[j + l];
        for (int32_t i = 0; i < n; i++) {
            const float xi = x[i];
            const float *restrict w = W + (size_t)i * (size_t)m + j;
            for (int l = 0; l < DG_TILE; l++) sum[l] += xi * w[l];
        }
        for (int l = 0; l < DG_TILE; l++) y[j + l] = sum[l];
    }
}

/* a . b in 16 lanes that are added by a tree; n in lanes. */
static float dot(const float *restrict a, const float *restrict b, int32_t n) {
    float sum[DG_LANES] = {0};
    for (int32_t i = 0; i < n; i += DG_LANES)
        for (int l = 0; l < DG_LANES; l++) sum[l] += a[i + l] * b[i + l];
    for (int half = DG_LANES / 2; half; half /= 2)
        for (int l = 0; l < half; l++) sum[l] += sum[l + half];
    return sum[0];
}

/* Two stages of the Walsh-Hadamard transform at once: pairs at distance `half`, then at twice that. */
static INLINE void hadamard_stages(float *v, int32_t size, int32_t half) {
    for (int32_t i = 0; i < size; i += 4 * half) {
        float *restrict p = v + i, *restrict q = p + half, *restrict r = q + half, *restrict s = r + half;
        for (int32_t j = 0; j < half; j++) {
            const float a = p[j] + q[j], b = p[j] - q[j], c = r[j] + s[j], d = r[j] - s[j];
            p[j] = a + c;
            q[j] = b + d;
            r[j] = a - c;
            s[j] = b - d;
        }
    }
}

/* The transform, not scaled, of `blocks` vectors that lie side by side: v (n, blocks), n a power of two. */
static void hadamard(float *v, int32_t n, int32_t blocks) {
    const int32_t size = n * blocks;
    int32_t half = blocks;
    for (; 4 * half <= size; half *= 4) {
        /* As a constant where it is small. */
        if (half == 1)
            hadamard_stages(v, size, 1);
        else if (half == 2)
            hadamard_stages(v, size, 2);
        else if (half == 4)
            hadamard_stages(v, size, 4);
        else
            hadamard_stages(v, size, half);
    }
    if (half == size) return;
    for (int32_t j = 0; j < half; j++) {
        const float a = v[j], b = v[half + j];
        v[j] = a + b;
        v[half + j] = a - b;
    }
}

/* -- functions ----------------------------------------------------------------------------------------------------- */

static float of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* Processors make NaNs of different bits: one for all. */
static void one_nan(float *v, int32_t n) {
    const float nan = of_bits(0x7FC00000u);
    for (int32_t i = 0; i < n; i++) v[i] = v[i] == v[i] ? v[i] : nan;
}

static float relu(float v) { return v < 0.0f ? 0.0f : v; }

/* cos(2 pi a). What is left of a full turn lies in +-1/2; 1/4 less its size is the angle of a sine. */
static float cosine(float a) {
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    const float size = a < 0.0f ? -a : a;
    const float whole = size < 4194304.0f ? (a + magic) - magic : a;
    const float rest = a - whole;
    const float u = 0.25f - (rest < 0.0f ? -rest : rest);
    const float q = u * u;
    float p = 39.536705f;
    p = p * q + -76.54978f;
    p = p * q + 81.601006f;
    p = p * q + -41.341656f;
    p = p * q + 6.283185f;
    return p * u;
}

/* e^x for x <= 0; below -87 nothing is left, above 0 as at 0. */
static float exponential(float x) {
    if (x != x) return x;
    if (x < -87.0f) return 0.0f;
    if (x > 0.0f) x = 0.0f;
    const float magic = 12582912.0f;
    const float n = (x * 1.442695f + magic) - magic;
    const float r = (x - n * 0.693359375f) - n * -0.00021219444f;
    float p = 0.0013814541f;
    p = p * r + 0.008368745f;
    p = p * r + 0.041668389f;
    p = p * r + 0.16666521f;
    p = p * r + 0.49999994f;
    p = (p * r) * r + r;
    p = p + 1.0f;
    return p * of_bits((uint32_t)((int32_t)n + 127) << 23);
}

/* -- choosing ------------------------------------------------------------------------------------------------------ */

/* The first of the largest values; NaN is less than all. */
static int32_t largest(const float *v, int32_t n) {
    int32_t best = 0;
    for (int32_t i = 1; i < n; i++)
        if (v[i] > v[best] || (v[best] != v[best] && v[i] == v[i])) best = i;
    return best;
}

/* Integers in the order of the floats: both zeros alike, NaN last of all. */
static int32_t key_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if (value != value) return INT32_MIN;
    if (bits & 0x80000000u) return -(int32_t)(bits & 0x7FFFFFFFu);
    return (int32_t)bits;
}

static float value_of(int32_t key) {
    if (key == INT32_MIN) return of_bits(0x7FC00000u);
    return of_bits(key < 0 ? 0x80000000u | (uint32_t)-key : (uint32_t)key);
}

static int32_t at_least(const int32_t *keys, int32_t n, int32_t limit) {
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++) count += keys[i] >= limit;
    return count;
}

/* The k largest of n scores, ties to the lower index; writes their indices in ascending order, returns the margin
 * s_(k) - s_(k+1). The k-th largest key is found bit by bit. */
static float top_k(const float *scores, int32_t n, int32_t k, int32_t *active, int32_t *keys) {
    uint32_t biased = 0;
    int32_t limit, ties, next = INT32_MIN, count = 0;
    for (int32_t i = 0; i < n; i++) keys[i] = key_of(scores[i]);
    for (int bit = 31; bit >= 0; bit--) {
        const uint32_t tried = biased | (uint32_t)1 << bit;
        const int32_t signed_try = tried & 0x80000000u ? (int32_t)(tried & 0x7FFFFFFFu) : INT32_MIN + (int32_t)tried;
        if (at_least(keys, n, signed_try) >= k) biased = tried;
    }
    limit = biased & 0x80000000u ? (int32_t)(biased & 0x7FFFFFFFu) : INT32_MIN + (int32_t)biased;
    ties = k;
    for (int32_t i = 0; i < n; i++) ties -= keys[i] > limit;
    for (int32_t i = 0; i < n; i++) {
        if (keys[i] > limit || (keys[i] == limit && ties-- > 0))
            active[count++] = i;
        else if (keys[i] > next)
            next = keys[i];
    }
    return k < n ? value_of(limit) - value_of(next) : of_bits(0x7F800000u);
}

/* -- the parts of an answer ---------------------------------------------------------------------------------------- */

static void normalise(const dg_plan *plan, const float *raw, float *x) {
    for (int32_t i = 0; i < plan->inputs; i++) {
        float v = raw[i];
        if (plan->mean) {
            v = (v - plan->mean[i]) / plan->scale[i];
            v = v > CLIP ? CLIP : v;
            v = v < -CLIP ? -CLIP : v;
        }
        x[i] = v;
    }
}

/* The same, filled up with zeros to whole lanes. */
static void normalise_padded(const dg_plan *plan, const float *raw, float *x) {
    normalise(plan, raw, x);
    for (int32_t i = plan->inputs; i < LANES(plan->inputs); i++) x[i] = 0.0f;
}

/* Scores of the gates (H in tiles). */
static void gates(const dg_base *base, int32_t inputs, const float *x, float *s, float *psi) {
    if (base->projected) {
        const int32_t wide = TILES(base->projected);
        memset(psi, 0, (size_t)wide * sizeof *psi);
        columns(psi, base->psi, x, inputs, wide);
        x = psi;
        inputs = base->projected;
    }
    const int32_t wide = TILES(base->hidden);
    memcpy(s, base->c, (size_t)wide * sizeof *s);
    columns(s, base->theta, x, inputs, wide);
}

/* What the active units compute (u), and the logits that they add up to. */
static void units(const dg_base *base, int32_t inputs, const float *x, const int32_t *active, int32_t count, float *u,
                  float *logits) {
    const int32_t outputs = base->outputs;
    memset(logits, 0, (size_t)outputs * sizeof *logits);
    for (int32_t a = 0; a < count; a++) {
        const int32_t j = active[a];
        const float value = relu(dot(base->W1 + (size_t)j * (size_t)LANES(inputs), x, LANES(inputs)) + base->b1[j]);
        const float *V = base->V + (size_t)j * (size_t)outputs;
        u[a] = value;
        for (int32_t c = 0; c < outputs; c++) logits[c] += V[c] * value;
    }
    for (int32_t c = 0; c < outputs; c++) logits[c] += base->b2[c];
}

/* z = [sqrt(2/D) cos(angles) ; 1], D + 1 in lanes. */
static void embed(const dg_plan *plan, const float *x, float *z, float *work) {
    const dg_phi *phi = plan->phi;
    const int32_t d = plan->inputs, waves = phi->waves, wide = TILES(phi->hidden), full = TILES(waves);
    float *g = work, *u = g + LANES(d + phi->hidden) + phi->width, *angles = u + wide;
    for (int32_t i = 0; i < d; i++) g[i] = x[i] * phi->gain[i];
    if (phi->hidden) {
        memcpy(u, phi->b1, (size_t)wide * sizeof *u);
        columns(u, phi->W1, x, d, wide);
        for (int32_t j = 0; j < phi->hidden; j++) g[d + j] = relu(u[j]) * phi->gain[d + j];
    }
    if (phi->width) {
        const int32_t width = phi->width, blocks = (waves + width - 1) / width, all = width * blocks;
        const float *restrict signs = phi->signs;
        for (int32_t i = d + phi->hidden; i < width; i++) g[i] = 0.0f;
        for (int32_t i = 0; i < width; i++)
            for (int32_t b = 0; b < blocks; b++) angles[i * blocks + b] = g[i] * signs[i * blocks + b];
        hadamard(angles, width, blocks);
        for (int32_t i = 0; i < all; i++) angles[i] *= signs[all + i];
        hadamard(angles, width, blocks);
        for (int32_t i = 0; i < all; i++) angles[i] *= signs[2 * all + i];
        hadamard(angles, width, blocks);
        for (int32_t i = 0; i < waves; i++) angles[i] = angles[i] * phi->lengths[i] + phi->phase[i];
    } else {
        memcpy(angles, phi->phase, (size_t)full * sizeof *angles);
        columns(angles, phi->omega, g, d + phi->hidden, full);
    }
    for (int32_t i = 0; i < waves; i++) z[i] = cosine(angles[i]) * phi->scale;
    z[waves] = 1.0f;
    for (int32_t i = waves + 1; i < LANES(waves + 1); i++) z[i] = 0.0f;
    one_nan(z, waves);
}

static float router(const dg_plan *plan, const dg_bank *bank, const float *z) {
    float r = 1.0f + dot(bank->w, z, LANES(plan->phi->waves + 1));
    one_nan(&r, 1);
    return r;
}

static void read_out(const dg_plan *plan, const dg_bank *bank, const float *z, float *t) {
    const int32_t wide = LANES(plan->phi->waves + 1);
    for (int32_t c = 0; c < bank->outputs; c++) t[c] = dot(bank->R + (size_t)c * (size_t)wide, z, wide);
}

/* Whether an open bank with scores t overrides the class below (-1: nothing answers there). */
static int speaks(const dg_bank *bank, const float *t, int32_t below) {
    int32_t place = -1;
    if (bank->always || below < 0) return 1;
    for (int32_t c = 0; c < bank->outputs; c++)
        if (bank->classes[c] == below) place = c;
    for (int32_t c = 0; c < bank->outputs; c++) {
        if (c == place) continue;
        if ((place < 0 ? t[c] : t[c] - t[place]) > -bank->delta) return 1;
    }
    return 0;
}

/* The scores of a part, times a gain, as logits of the living classes; returns whether it knows any of them. */
static int as_logits(const dg_plan *plan, const int32_t *place, const float *scores, float gain, float *logits) {
    int some = 0;
    for (int32_t c = 0; c < plan->living; c++) {
        logits[c] = place[c] < 0 ? UNKNOWN : scores[place[c]] * gain;
        some |= place[c] >= 0;
    }
    return some;
}

/* Whether y lies within reach of something near: p.y - (|p|^2 - reach)/2 >= |y|^2/2. */
static int within_reach(const dg_near *near, int32_t inputs, const float *y, float half, float *work) {
    int found = 0;
    if (!near->rows) return 0;
    memcpy(work, near->start, (size_t)near->rows * sizeof *work);
    columns(work, near->near, y, inputs, near->rows);
    for (int32_t i = 0; i < near->rows; i++) found |= work[i] >= half;
    return found;
}

/* y = weights x, and half of its square. */
static float weighted(const dg_plan *plan, const float *x, float *y) {
    const int32_t wide = LANES(plan->inputs);
    for (int32_t i = 0; i < plan->inputs; i++) y[i] = x[i] * plan->weights[i];
    for (int32_t i = plan->inputs; i < wide; i++) y[i] = 0.0f;
    return 0.5f * dot(y, y, wide);
}

/* Whether x is out of reach of all that the base knows and of the examples of every open bank. */
static int unlike(const dg_plan *plan, const float *x, const int32_t *state, float *work) {
    float *y = work, *ahead = y + LANES(plan->inputs);
    const float half = weighted(plan, x, y);
    int asked = 0;
    if (plan->near.rows) {
        if (within_reach(&plan->near, plan->inputs, y, half, ahead)) return 0;
        asked = 1;
    }
    for (int32_t b = 0; b < plan->banks; b++) {
        if (state[b] == DG_CLOSED) continue;
        if (!plan->bank[b].near.rows || within_reach(&plan->bank[b].near, plan->inputs, y, half, ahead)) return 0;
        asked = 1;
    }
    return asked;
}

/* p = softmax(logits / T), in the order of the classes. */
static void softmax(const float *logits, int32_t n, float greatest, float temperature, float *p) {
    float sum = 0.0f;
    for (int32_t c = 0; c < n; c++) {
        p[c] = exponential((logits[c] - greatest) / temperature);
        sum += p[c];
    }
    for (int32_t c = 0; c < n; c++) p[c] /= sum;
}

/* -- one answer ---------------------------------------------------------------------------------------------------- */

static int32_t widest(const dg_plan *plan) {
    int32_t most = 0;
    for (int32_t b = 0; b < plan->banks; b++) most = plan->bank[b].outputs > most ? plan->bank[b].outputs : most;
    return most;
}

/* What one bank does; t holds its scores where it is open. */
static int32_t decide(const dg_plan *plan, const dg_bank *bank, const float *z, int32_t *below, float *r, float *t) {
    *r = router(plan, bank, z);
    if (!(*r > bank->tau)) return DG_CLOSED;
    read_out(plan, bank, z, t);
    if (!speaks(bank, t, *below)) return DG_SILENT;
    *below = bank->classes[largest(t, bank->outputs)];
    return DG_SPEAKING;
}

static NOINLINE void answer(const dg_plan *plan, const float *raw, float *out, int32_t *who, float *z, float *work) {
    const dg_base *base = plan->base;
    const int32_t d = plan->inputs, k = base ? base->active : 0, outputs = base ? base->outputs : 0;
    const int32_t most = widest(plan), living = plan->living;
    float *u = out + d, *of_base = u + k, *margin = of_base + outputs, *r = margin + 1, *t = r + plan->banks;
    float *logits = t + most, *p = logits + living;
    int32_t *state = who + k, *verdict = state + plan->banks;
    float *x = work, *tried = x + LANES(d), *room = tried + TILES(most);
    int32_t speaker = DG_NOBODY, below = -1, some = 0, top = -1, unsure = 0;

    normalise_padded(plan, raw, x);
    *margin = of_bits(0x7F800000u);
    if (base) {
        float *s = room, *psi = s + TILES(base->hidden);
        gates(base, d, x, s, psi);
        *margin = top_k(s, base->hidden, k, who, (int32_t *)(void *)psi);
        units(base, d, x, who, k, u, of_base);
        speaker = DG_BASE;
        below = base->classes[largest(of_base, outputs)];
    }
    memset(t, 0, (size_t)most * sizeof *t);
    if (plan->banks) embed(plan, x, z, room);
    for (int32_t b = 0; b < plan->banks; b++) {
        state[b] = decide(plan, &plan->bank[b], z, &below, &r[b], tried);
        if (state[b] != DG_SPEAKING) continue;
        speaker = b;
        memset(t, 0, (size_t)most * sizeof *t);
        memcpy(t, tried, (size_t)plan->bank[b].outputs * sizeof *t);
    }
    if (speaker >= 0) {
        some = as_logits(plan, plan->bank[speaker].place, t, GAIN, logits);
    } else if (speaker == DG_BASE) {
        some = as_logits(plan, base->place, of_base, 1.0f, logits);
    } else {
        for (int32_t c = 0; c < living; c++) logits[c] = UNKNOWN;
    }
    if (living) {
        const int32_t first = largest(logits, living);
        float next = -of_bits(0x7F800000u);
        for (int32_t c = 0; c < living; c++)
            if (c != first && logits[c] > next) next = logits[c];
        softmax(logits, living, logits[first], plan->temperature, p);
        /* A part that knows no living class has nothing to say, however alike its -30s are. */
        top = some ? first : -1;
        unsure = top >= 0 && plan->weights && (logits[first] - next < plan->lead || unlike(plan, x, state, room));
    }
    memcpy(out, x, (size_t)d * sizeof *out);
    one_nan(out, (int32_t)(p + living - out));
    verdict[0] = speaker;
    verdict[1] = unsure ? -1 : top;
    verdict[2] = unsure;
}

static int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }

/* Floats of an answer's out, and ints of its who. */
static int64_t outs(const dg_plan *plan) {
    const dg_base *base = plan->base;
    return (int64_t)plan->inputs + (base ? base->active + base->outputs : 0) + 1 + plan->banks + widest(plan) +
           2 * (int64_t)plan->living;
}

static int64_t whos(const dg_plan *plan) { return (plan->base ? plan->base->active : 0) + (int64_t)plan->banks + 3; }

int64_t dg_workspace(const dg_plan *plan) {
    const dg_base *base = plan->base;
    const dg_phi *phi = plan->phi;
    const int64_t d = LANES(plan->inputs);
    int64_t gate = 0, wave = 0, near = plan->near.rows;
    if (base) gate = TILES(base->hidden) + greater(TILES(base->projected), TILES(base->hidden));
    if (phi) {
        wave = LANES(plan->inputs + phi->hidden) + phi->width + TILES(phi->hidden);
        wave += phi->width ? (int64_t)(phi->waves + phi->width - 1) / phi->width * phi->width : TILES(phi->waves);
        wave += LANES(phi->waves + 1);
    }
    for (int32_t b = 0; b < plan->banks; b++) near = greater(near, plan->bank[b].near.rows);
    /* The last two are an answer of dg_logits and of its kind. */
    return d + TILES(widest(plan)) + greater(gate, greater(wave, d + near)) + (phi ? LANES(phi->waves + 1) : 0) +
           outs(plan) + whos(plan) + 64;
}

void dg_answer(const dg_plan *plan, const float *raw, float *out, int32_t *who, float *z, float *work) {
    const dg_state was = enter();
    answer(plan, raw, out, who, z, work);
    leave(was);
}

/* -- the parts by themselves --------------------------------------------------------------------------------------- */

static NOINLINE void embed_rows(const dg_plan *plan, const float *raw, int32_t rows, float *z, float *work) {
    const size_t wide = (size_t)LANES(plan->phi->waves + 1);
    for (int32_t i = 0; i < rows; i++) {
        normalise_padded(plan, raw + (size_t)i * (size_t)plan->inputs, work);
        embed(plan, work, z + (size_t)i * wide, work + LANES(plan->inputs));
    }
}

static NOINLINE void normalise_one(const dg_plan *plan, const float *raw, float *x) {
    normalise(plan, raw, x);
    one_nan(x, plan->inputs);
}

static NOINLINE void forced(const dg_plan *plan, const float *raw, const int32_t *active, int32_t count, int32_t bank,
                            float *logits, float *work) {
    float *x = work, *room = x + LANES(plan->inputs);
    normalise_padded(plan, raw, x);
    if (bank >= 0) {
        float *z = room, *t = z + LANES(plan->phi->waves + 1);
        embed(plan, x, z, t);
        read_out(plan, &plan->bank[bank], z, t);
        as_logits(plan, plan->bank[bank].place, t, GAIN, logits);
    } else {
        float *u = room, *scores = u + count;
        units(plan->base, plan->inputs, x, active, count, u, scores);
        as_logits(plan, plan->base->place, scores, 1.0f, logits);
    }
    one_nan(logits, plan->living);
}

/* An answer whose parts lie in the workspace; returns its logits. */
static const float *answered(const dg_plan *plan, const float *raw, float *work) {
    float *out = work, *z = out + outs(plan), *room = z + (plan->phi ? LANES(plan->phi->waves + 1) : 0);
    int32_t *who = (int32_t *)(void *)room;
    room += whos(plan);
    answer(plan, raw, out, who, z, room);
    return out + outs(plan) - 2 * plan->living;
}

static NOINLINE void active_rows(const dg_plan *plan, const float *raw, int32_t rows, int32_t *active, float *work) {
    const dg_base *base = plan->base;
    float *x = work, *s = x + LANES(plan->inputs), *psi = s + TILES(base->hidden);
    for (int32_t i = 0; i < rows; i++) {
        normalise_padded(plan, raw + (size_t)i * (size_t)plan->inputs, x);
        gates(base, plan->inputs, x, s, psi);
        top_k(s, base->hidden, base->active, active + (size_t)i * (size_t)base->active, (int32_t *)(void *)psi);
    }
}

static NOINLINE void knows_rows(const dg_plan *plan, const float *raw, int32_t rows, uint8_t *knows, float *work) {
    float *x = work, *y = x + LANES(plan->inputs), *ahead = y + LANES(plan->inputs);
    for (int32_t i = 0; i < rows; i++) {
        normalise_padded(plan, raw + (size_t)i * (size_t)plan->inputs, x);
        const float half = weighted(plan, x, y);
        knows[i] = (uint8_t)within_reach(&plan->near, plan->inputs, y, half, ahead);
    }
}

static int32_t bits_that_differ(float a, float b) {
    uint32_t x, y;
    int32_t count = 0;
    memcpy(&x, &a, 4);
    memcpy(&y, &b, 4);
    for (x ^= y; x; x &= x - 1) count++;
    return count;
}

static NOINLINE void audit(const dg_plan *plan, const float *raw, int32_t rows, const float *reference, int32_t columns,
                           const int32_t *map, dg_audited *result, float *work) {
    const dg_audited none = {0, -1, 0, 0, 0.0f};
    *result = none;
    for (int32_t i = 0; i < rows; i++) {
        const float *now = answered(plan, raw + (size_t)i * (size_t)plan->inputs, work);
        const float *was = reference + (size_t)i * (size_t)columns;
        int32_t bits = 0, best_was = -1, best_now = -1;
        for (int32_t c = 0; c < columns; c++) {
            float moved;
            if (map[c] < 0) continue;
            bits += bits_that_differ(was[c], now[map[c]]);
            moved = now[map[c]] - was[c];
            moved = moved < 0.0f ? -moved : moved;
            if (moved != moved) moved = of_bits(0x7F800000u);
            if (bits && moved > result->largest) result->largest = moved;
            if (best_was < 0 || was[c] > was[best_was]) best_was = c;
            if (best_now < 0 || now[map[c]] > now[map[best_now]]) best_now = c;
        }
        if (bits && result->first < 0) result->first = i;
        result->bits += bits;
        result->flips += bits && best_was != best_now;
        result->checked++;
    }
}

static NOINLINE int32_t prove_closed(const dg_plan *plan, int32_t bank, const float *z, int32_t rows, float limit,
                                     float *r) {
    const size_t wide = (size_t)LANES(plan->phi->waves + 1);
    int32_t first = -1;
    for (int32_t i = 0; i < rows; i++) {
        r[i] = router(plan, &plan->bank[bank], z + (size_t)i * wide);
        if (first < 0 && !(r[i] < limit)) first = i;
    }
    return first;
}

static NOINLINE void near_start(const float *near, int32_t rows, int32_t inputs, const float *reach, float *start) {
    for (int32_t i = 0; i < rows; i++) {
        double sum[DG_LANES] = {0};
        for (int32_t j = 0; j < inputs; j++) {
            const double v = (double)near[(size_t)i * (size_t)inputs + (size_t)j];
            sum[j % DG_LANES] += v * v;
        }
        for (int half = DG_LANES / 2; half; half /= 2)
            for (int l = 0; l < half; l++) sum[l] += sum[l + half];
        start[i] = (float)(-0.5 * (sum[0] - (double)reach[i]));
    }
    one_nan(start, rows);
}

static NOINLINE void embed_normalised(const dg_plan *plan, const float *x, float *z, float *work) {
    const size_t size = (size_t)plan->inputs * sizeof *x;
    memset(work, 0, (size_t)LANES(plan->inputs) * sizeof *work);
    memcpy(work, x, size);
    embed(plan, work, z, work + LANES(plan->inputs));
}

static NOINLINE int32_t decided(const dg_plan *plan, int32_t bank, const float *z, int32_t *below, float *t) {
    float r;
    return decide(plan, &plan->bank[bank], z, below, &r, t);
}

void dg_normalise(const dg_plan *plan, const float *raw, float *x) {
    const dg_state was = enter();
    normalise_one(plan, raw, x);
    leave(was);
}

void dg_embed(const dg_plan *plan, const float *raw, int32_t rows, float *z, float *work) {
    const dg_state was = enter();
    embed_rows(plan, raw, rows, z, work);
    leave(was);
}

void dg_embed_normalised(const dg_plan *plan, const float *x, float *z, float *work) {
    const dg_state was = enter();
    embed_normalised(plan, x, z, work);
    leave(was);
}

float dg_router(const dg_plan *plan, int32_t bank, const float *z) {
    const dg_state was = enter();
    float r;
    prove_closed(plan, bank, z, 1, 0.0f, &r);
    leave(was);
    return r;
}

int32_t dg_decide(const dg_plan *plan, int32_t bank, const float *z, int32_t *below, float *work) {
    const dg_state was = enter();
    const int32_t state = decided(plan, bank, z, below, work);
    leave(was);
    return state;
}

void dg_forced(const dg_plan *plan, const float *raw, const int32_t *active, int32_t count, int32_t bank, float *logits,
               float *work) {
    const dg_state was = enter();
    forced(plan, raw, active, count, bank, logits, work);
    leave(was);
}

void dg_answers(const dg_plan *plan, const float *raw, int32_t rows, float *out, int32_t *who, float *work) {
    const dg_state was = enter();
    const int64_t wide = outs(plan), marks = whos(plan);
    float *z = work, *room = z + (plan->phi ? LANES(plan->phi->waves + 1) : 0);
    for (int32_t i = 0; i < rows; i++)
        answer(plan, raw + (size_t)i * (size_t)plan->inputs, out + i * wide, who + i * marks, z, room);
    leave(was);
}

void dg_logits(const dg_plan *plan, const float *raw, int32_t rows, float *logits, float *work) {
    const dg_state was = enter();
    for (int32_t i = 0; i < rows; i++)
        memcpy(logits + (size_t)i * (size_t)plan->living,
               answered(plan, raw + (size_t)i * (size_t)plan->inputs, work), (size_t)plan->living * sizeof *logits);
    leave(was);
}

void dg_active(const dg_plan *plan, const float *raw, int32_t rows, int32_t *active, float *work) {
    const dg_state was = enter();
    active_rows(plan, raw, rows, active, work);
    leave(was);
}

void dg_knows(const dg_plan *plan, const float *raw, int32_t rows, uint8_t *knows, float *work) {
    const dg_state was = enter();
    knows_rows(plan, raw, rows, knows, work);
    leave(was);
}

void dg_audit(const dg_plan *plan, const float *raw, int32_t rows, const float *reference, int32_t columns,
              const int32_t *map, dg_audited *result, float *work) {
    const dg_state was = enter();
    audit(plan, raw, rows, reference, columns, map, result, work);
    leave(was);
}

int32_t dg_prove_closed(const dg_plan *plan, int32_t bank, const float *z, int32_t rows, float limit, float *r) {
    const dg_state was = enter();
    const int32_t first = prove_closed(plan, bank, z, rows, limit, r);
    leave(was);
    return first;
}

void dg_near_start(const float *near, int32_t rows, int32_t inputs, const float *reach, float *start) {
    const dg_state was = enter();
    near_start(near, rows, inputs, reach, start);
    leave(was);
}

/* -- features of a window ------------------------------------------------------------------------------------------ */

/* In double, each sum over time in its order, the channels side by side in strips of four. Where the last strip is not
 * full it begins earlier: what two strips compute has the same bits. Of less than four channels the last one stands in
 * for those that are missing. */
#define STRIP 4

/* A complex number of each channel of a strip. */
typedef struct {
    double re[STRIP], im[STRIP];
} dg_strip;

static double log_10(double value) {
    uint64_t bits;
    double m, t, q, p;
    int32_t exponent;
    memcpy(&bits, &value, 8);
    exponent = (int32_t)(bits >> 52 & 0x7FF) - 1023;
    bits = (bits & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull;
    memcpy(&m, &bits, 8);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        exponent++;
    }
    /* ln m = 2 artanh t, by its series. */
    t = (m - 1.0) / (m + 1.0);
    q = t * t;
    p = 1.0 / 21.0;
    for (int n = 19; n >= 1; n -= 2) p = p * q + 1.0 / (double)n;
    return (double)exponent * 0.30102999566398120 + (p * t) * 0.86858896380650366;
}

/* Short transforms of x[0], x[step], x[2 step], ... to y[0], y[leap], ... Where `turns`, number r then turns by r times
 * `turn` of the wheel. */

static INLINE void put(dg_strip *restrict y, const dg_strip *restrict v, int turns, const double *restrict at) {
    if (turns) {
        const double c = at[0], s = at[1];
        for (int l = 0; l < STRIP; l++) y->re[l] = v->re[l] * c + v->im[l] * s;
        for (int l = 0; l < STRIP; l++) y->im[l] = v->im[l] * c - v->re[l] * s;
    } else {
        *y = *v;
    }
}

static INLINE dg_strip plus(const dg_strip *restrict a, const dg_strip *restrict b) {
    dg_strip sum;
    for (int l = 0; l < STRIP; l++) sum.re[l] = a->re[l] + b->re[l];
    for (int l = 0; l < STRIP; l++) sum.im[l] = a->im[l] + b->im[l];
    return sum;
}

static INLINE dg_strip minus(const dg_strip *restrict a, const dg_strip *restrict b) {
    dg_strip difference;
    for (int l = 0; l < STRIP; l++) difference.re[l] = a->re[l] - b->re[l];
    for (int l = 0; l < STRIP; l++) difference.im[l] = a->im[l] - b->im[l];
    return difference;
}

/* a - i b and a + i b */
static INLINE dg_strip minus_turned(const dg_strip *restrict a, const dg_strip *restrict b) {
    dg_strip result;
    for (int l = 0; l < STRIP; l++) result.re[l] = a->re[l] + b->im[l];
    for (int l = 0; l < STRIP; l++) result.im[l] = a->im[l] - b->re[l];
    return result;
}

static INLINE dg_strip plus_turned(const dg_strip *restrict a, const dg_strip *restrict b) {
    dg_strip result;
    for (int l = 0; l < STRIP; l++) result.re[l] = a->re[l] - b->im[l];
    for (int l = 0; l < STRIP; l++) result.im[l] = a->im[l] + b->re[l];
    return result;
}

static INLINE void two(const dg_strip *restrict x, size_t step, dg_strip *restrict y, size_t leap, int turns,
                       const double *restrict wheel, size_t turn) {
    const dg_strip sum = plus(x, x + step), difference = minus(x, x + step);
    put(y, &sum, 0, wheel);
    put(y + leap, &difference, turns, wheel + 2 * turn);
}

static INLINE void four(const dg_strip *restrict x, size_t step, dg_strip *restrict y, size_t leap, int turns,
                        const double *restrict wheel, size_t turn) {
    const dg_strip p = plus(x, x + 2 * step), m = minus(x, x + 2 * step);
    const dg_strip s = plus(x + step, x + 3 * step), t = minus(x + step, x + 3 * step);
    const dg_strip y0 = plus(&p, &s), y1 = minus_turned(&m, &t), y2 = minus(&p, &s), y3 = plus_turned(&m, &t);
    put(y, &y0, 0, wheel);
    put(y + leap, &y1, turns, wheel + 2 * turn);
    put(y + 2 * leap, &y2, turns, wheel + 4 * turn);
    put(y + 3 * leap, &y3, turns, wheel + 6 * turn);
}

/* `small` of the wheel is a turn by one of `factor`; part has room for factor - 1 numbers. */
static INLINE void odd(const dg_strip *restrict x, size_t step, dg_strip *restrict y, size_t leap, int turns,
                       const double *restrict wheel, size_t turn, size_t factor, size_t small,
                       dg_strip *restrict part) {
    const size_t half = (factor - 1) / 2;
    dg_strip all = x[0];
    for (size_t j = 1; j <= half; j++) {
        dg_strip *restrict sum = part + 2 * (j - 1), *restrict difference = sum + 1;
        *sum = plus(x + j * step, x + (factor - j) * step);
        *difference = minus(x + j * step, x + (factor - j) * step);
        all = plus(&all, sum);
    }
    y[0] = all;
    for (size_t r = 1; r <= half; r++) {
        dg_strip u = x[0], e = {{0.0}, {0.0}}, up, down;
        size_t at = 0;
        for (size_t j = 1; j <= half; j++) {
            const dg_strip *restrict sum = part + 2 * (j - 1), *restrict difference = sum + 1;
            at += r;
            if (at >= factor) at -= factor;
            const double c = wheel[2 * at * small], s = wheel[2 * at * small + 1];
            for (int l = 0; l < STRIP; l++) u.re[l] += sum->re[l] * c;
            for (int l = 0; l < STRIP; l++) u.im[l] += sum->im[l] * c;
            for (int l = 0; l < STRIP; l++) e.re[l] += difference->re[l] * s;
            for (int l = 0; l < STRIP; l++) e.im[l] += difference->im[l] * s;
        }
        /* e^(-i a) (x_j) + e^(i a) (x_-j) */
        up = minus_turned(&u, &e);
        down = plus_turned(&u, &e);
        put(y + r * leap, &up, turns, wheel + 2 * r * turn);
        put(y + (factor - r) * leap, &down, turns, wheel + 2 * (factor - r) * turn);
    }
}

/* `stride` short transforms, of which number r turns by r * k / (groups * factor). */
static INLINE void group(const dg_window *w, size_t factor, size_t groups, size_t stride, size_t k, int turns,
                         const dg_strip *from, dg_strip *to, dg_strip *part) {
    const size_t n = (size_t)w->samples, step = groups * stride, turn = k * (n / (groups * factor));
    for (size_t q = 0; q < stride; q++) {
        const dg_strip *x = from + q + stride * k;
        dg_strip *y = to + q + stride * factor * k;
        if (factor == 2)
            two(x, step, y, stride, turns, w->wheel, turn);
        else if (factor == 4)
            four(x, step, y, stride, turns, w->wheel, turn);
        else
            odd(x, step, y, stride, turns, w->wheel, turn, factor, n / factor, part);
    }
}

static INLINE void stage(const dg_window *w, size_t factor, size_t groups, size_t stride, const dg_strip *from,
                         dg_strip *to, dg_strip *part) {
    group(w, factor, groups, stride, 0, 0, from, to, part);
    for (size_t k = 1; k < groups; k++) group(w, factor, groups, stride, k, 1, from, to, part);
}

/* The spectrum of n numbers by Stockham's scheme; it ends in the array that is returned. */
static const dg_strip *fourier(const dg_window *w, dg_strip *a, dg_strip *b, dg_strip *part) {
    size_t groups = (size_t)w->samples, stride = 1;
    for (int32_t f = 0; f < w->factors; f++) {
        const size_t factor = (size_t)w->factor[f];
        dg_strip *swap = a;
        groups /= factor;
        /* The factor as a constant, where it is a usual one. */
        if (factor == 2)
            stage(w, 2, groups, stride, a, b, part);
        else if (factor == 3)
            stage(w, 3, groups, stride, a, b, part);
        else if (factor == 4)
            stage(w, 4, groups, stride, a, b, part);
        else if (factor == 5)
            stage(w, 5, groups, stride, a, b, part);
        else
            stage(w, factor, groups, stride, a, b, part);
        stride *= factor;
        a = b;
        b = swap;
    }
    return a;
}

static int64_t largest_factor(const dg_window *w) {
    int64_t most = 1;
    for (int32_t f = 0; f < w->factors; f++) most = w->factor[f] > most ? w->factor[f] : most;
    return most;
}

int64_t dg_window_workspace(const dg_window *w) {
    const int64_t n = w->samples, lanes = w->lanes;
    return n * lanes + lanes + 2 * STRIP * (2 * n + largest_factor(w));
}

static void band_powers(const dg_window *w, const dg_strip *spectrum, int32_t own, float *out) {
    for (int32_t band = 0; band < w->bands; band++) {
        const int32_t from = w->band[band], end = w->band[band + 1] > from ? w->band[band + 1] : from + 1;
        double sum[STRIP] = {0.0};
        for (int32_t k = from; k < end; k++) {
            const dg_strip *restrict v = spectrum + k;
            for (int l = 0; l < STRIP; l++) sum[l] += v->re[l] * v->re[l] + v->im[l] * v->im[l];
        }
        for (int32_t l = 0; l < own; l++) out[l] = (float)log_10(sum[l] + 1e-10);
        out += w->channels;
    }
}

/* What one strip of channels, from `first` on, gives; leaves its centred samples, and 1 / sd. */
static void strip_features(const dg_window *w, const float *samples, int32_t first, float *out, double *centred,
                           double *inverse, dg_strip *room) {
    const int32_t n = w->samples, channels = w->channels, lanes = w->lanes;
    const int32_t own = channels < STRIP ? channels : STRIP;
    const double count = (double)n;
    dg_strip *a = room, *b = a + n, *part = b + n;
    double mean[STRIP] = {0.0}, moved[STRIP] = {0.0}, variance[STRIP] = {0.0}, crossings[STRIP] = {0.0};
    double sd[STRIP], rms[STRIP], last[STRIP];
    samples += first;
    centred += first;
    for (int32_t t = 0; t < n; t++) {
        const float *restrict sample = samples + (size_t)t * (size_t)channels;
        double *restrict row = centred + (size_t)t * (size_t)lanes;
        double now[STRIP];
        if (own == STRIP)
            for (int l = 0; l < STRIP; l++) now[l] = (double)sample[l];
        else
            for (int l = 0; l < STRIP; l++) now[l] = (double)sample[l < own ? l : own - 1];
        if (!t) memcpy(last, now, sizeof last);
        for (int l = 0; l < STRIP; l++) row[l] = now[l];
        for (int l = 0; l < STRIP; l++) mean[l] += now[l];
        for (int l = 0; l < STRIP; l++) moved[l] += __builtin_fabs(now[l] - last[l]);
        for (int l = 0; l < STRIP; l++) last[l] = now[l];
    }
    for (int l = 0; l < STRIP; l++) mean[l] /= count;
    for (int l = 0; l < STRIP; l++) last[l] = centred[l] - mean[l] >= 0.0 ? 1.0 : 0.0;
    for (int32_t t = 0; t < n; t++) {
        double *restrict row = centred + (size_t)t * (size_t)lanes;
        const double taper = w->taper[t];
        double v[STRIP], above[STRIP];
        for (int l = 0; l < STRIP; l++) v[l] = row[l] - mean[l];
        for (int l = 0; l < STRIP; l++) row[l] = v[l];
        for (int l = 0; l < STRIP; l++) variance[l] += v[l] * v[l];
        for (int l = 0; l < STRIP; l++) above[l] = v[l] >= 0.0 ? 1.0 : 0.0;
        for (int l = 0; l < STRIP; l++) crossings[l] += __builtin_fabs(above[l] - last[l]);
        for (int l = 0; l < STRIP; l++) last[l] = above[l];
        for (int l = 0; l < STRIP; l++) a[t].re[l] = v[l] * taper;
        for (int l = 0; l < STRIP; l++) a[t].im[l] = 0.0;
    }
    for (int l = 0; l < STRIP; l++) {
        variance[l] /= count;
        sd[l] = __builtin_sqrt(variance[l]);
        rms[l] = __builtin_sqrt(variance[l] + mean[l] * mean[l]);
        /* A channel that does not move has no correlation; what rounding left of its variance does not count. */
        inverse[first + l] = sd[l] > 1e-7 * rms[l] + 1e-12 ? 1.0 / sd[l] : 0.0;
    }
    out += first;
    for (int32_t l = 0; l < own; l++) {
        out[l] = (float)mean[l];
        out[channels + l] = (float)sd[l];
        out[2 * channels + l] = (float)(moved[l] / (count - 1.0));
        out[3 * channels + l] = (float)rms[l];
        out[4 * channels + l] = (float)(crossings[l] / (count - 1.0));
    }
    band_powers(w, fourier(w, a, b, part), own, out + 5 * channels);
}

/* Correlations of pairs of channels, several at once. */
static void correlations(const dg_window *w, const double *centred, const double *inverse, float *out) {
    enum { MANY = 8 };
    const double count = (double)w->samples;
    for (int32_t p = 0; p < w->pairs; p += MANY) {
        const int32_t own = w->pairs - p < MANY ? w->pairs - p : MANY;
        int32_t i[MANY], j[MANY];
        double sum[MANY] = {0.0};
        for (int32_t m = 0; m < MANY; m++) {
            const int32_t *pair = w->pair + 2 * (p + (m < own ? m : 0));
            i[m] = pair[0];
            j[m] = pair[1];
        }
        for (int32_t t = 0; t < w->samples; t++) {
            const double *restrict row = centred + (size_t)t * (size_t)w->lanes;
            for (int m = 0; m < MANY; m++) sum[m] += row[i[m]] * row[j[m]];
        }
        for (int32_t m = 0; m < own; m++) {
            double r = sum[m] / count * inverse[i[m]] * inverse[j[m]];
            r = r > 1.0 ? 1.0 : r;
            out[p + m] = (float)(r < -1.0 ? -1.0 : r);
        }
    }
}

static NOINLINE int32_t window_features(const dg_window *w, const float *samples, float *out, double *work) {
    const int32_t n = w->samples, channels = w->channels, lanes = w->lanes;
    double *centred = work, *inverse = centred + (size_t)n * (size_t)lanes;
    dg_strip *room = (dg_strip *)(void *)(inverse + lanes);
    int good = 1;
    for (size_t i = 0; i < (size_t)n * (size_t)channels; i++) good &= samples[i] <= 1e18f && samples[i] >= -1e18f;
    if (!good) return 0;
    for (int32_t c = 0; c < channels; c += STRIP) {
        const int32_t latest = channels > STRIP ? channels - STRIP : 0;
        strip_features(w, samples, c < latest ? c : latest, out, centred, inverse, room);
    }
    correlations(w, centred, inverse, out + (5 + w->bands) * channels);
    return 1;
}

int32_t dg_features(const dg_window *window, const float *samples, float *out, double *work) {
    const dg_state was = enter();
    const int32_t good = window_features(window, samples, out, work);
    leave(was);
    return good;
}

/* -- what this library is ------------------------------------------------------------------------------------------ */

int32_t dg_specification(void) { return DG_SPECIFICATION; }

void dg_sizes(int32_t sizes[7]) {
    sizes[0] = (int32_t)sizeof(dg_base);
    sizes[1] = (int32_t)sizeof(dg_phi);
    sizes[2] = (int32_t)sizeof(dg_near);
    sizes[3] = (int32_t)sizeof(dg_bank);
    sizes[4] = (int32_t)sizeof(dg_plan);
    sizes[5] = (int32_t)sizeof(dg_window);
    sizes[6] = (int32_t)sizeof(dg_audited);
}

#ifndef DG_SOURCE
#define DG_SOURCE "unknown"
#endif

const char *dg_source(void) { return DG_SOURCE; }

/* 1, 3 or 4 of the x86-64 levels; 1 elsewhere. 3: AVX2 and what comes with it; 4: AVX-512 F, BW, CD, DQ, VL. */
int32_t dg_level(void) {
#if defined(__x86_64__)
    uint32_t a, b, c, d, low, high;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0));
    if (a < 7) return 1;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
    /* FMA, MOVBE, OSXSAVE, AVX, F16C */
    if ((c & 0x38401000u) != 0x38401000u) return 1;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0x6u) != 0x6u) return 1;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
    if ((b & 0x128u) != 0x128u) return 1; /* BMI1, AVX2, BMI2 */
    if ((low & 0xE6u) == 0xE6u && (b & 0xD0030000u) == 0xD0030000u) return 4;
    return 3;
#else
    return 1;
#endif
}
