/* The kernel: how an answer is computed, to the last bit. docs/kernel.md is the specification, reference.py the same in
 * numpy. No function allocates, keeps state or calls a library; the caller gives plans and room to work in, and has
 * checked every size (layout.py). Any number of threads may call at once.
 */
#ifndef DG_KERNEL_H
#define DG_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define DG_SPECIFICATION 4
/* Columns of a matrix come in tiles of 32, entries of a row in lanes of 16: what is missing is filled up with zeros. */
#define DG_TILE 32
#define DG_LANES 16

#if defined(_WIN32)
#define DG_API __declspec(dllexport)
#elif defined(__GNUC__)
#define DG_API __attribute__((visibility("default")))
#else
#define DG_API
#endif

enum { DG_CLOSED = 0, DG_SILENT = 1, DG_SPEAKING = 2 };
/* Who answered: a bank by its place, or one of these. */
enum { DG_BASE = -1, DG_NOBODY = -2 };

/* "columns" is a matrix M^T stored input by input, (inputs, outputs in tiles); "rows" is M, (outputs, inputs in lanes). */
typedef struct {
    int32_t hidden, active, outputs; /* H, k, C0 */
    int32_t projected;               /* rows of psi; 0 where psi is the identity */
    const float *psi;                /* columns (d, projected) */
    const float *theta, *c;          /* columns (d or projected, H), (H in tiles) */
    const float *W1, *b1;            /* rows (H, d), (H) */
    const float *V, *b2;             /* (H, C0), (C0) */
    const int32_t *classes, *place;  /* (C0) ids; (living) where each living class stands in them, -1 for nowhere */
} dg_base;

typedef struct {
    int32_t hidden;             /* units of the base that phi reads; 0 from nothing */
    int32_t waves;              /* D */
    int32_t width;              /* a power of two that holds d + hidden; 0 where omega is a full matrix */
    const float *W1, *b1;       /* columns (d, hidden), (hidden in tiles) */
    const float *gain;          /* (d + hidden) */
    const float *signs;         /* (3, width, blocks) of +1 and -1 */
    const float *lengths;       /* (waves in tiles) turns */
    const float *omega;         /* columns (d + hidden, waves), in turns */
    const float *phase;         /* (waves in tiles) turns */
    float scale;                /* sqrt(2 / D) */
} dg_phi;

typedef struct {
    int32_t rows;              /* what is near, in tiles */
    const float *near, *start; /* columns (d, rows); (rows) minus half of |p|^2 - reach */
} dg_near;

typedef struct {
    int32_t outputs, always;        /* C_b; 1 where it speaks whenever it is open */
    float tau, delta;
    const float *w, *R;             /* (D + 1 in lanes); rows (C_b, D + 1) */
    const int32_t *classes, *place; /* as in dg_base */
    dg_near near;
} dg_bank;

typedef struct {
    int32_t inputs, living, banks; /* d, C, B */
    float temperature;
    const float *mean, *scale;     /* (d), or null */
    const dg_base *base;           /* or null */
    const dg_phi *phi;             /* or null where there is no bank */
    const dg_bank *bank;           /* (B) */
    const float *weights;          /* (d) of what is known, or null: then nothing is "unsure" */
    dg_near near;                  /* what the base knows */
    float lead;
} dg_plan;

typedef struct {
    int32_t samples, channels, lanes;     /* n, channels, the same as a multiple of 4 */
    int32_t bands, pairs, factors;
    const int32_t *factor, *band, *pair;  /* of n, ascending but 4 first; (bands + 1) first bins; (pairs, 2) channels */
    const double *taper, *wheel;          /* (n); (n, 2) cosine and sine of t / n turns */
} dg_window;

typedef struct {
    int32_t checked, first, bits, flips; /* first: number of the first that differs, -1 for none */
    float largest;
} dg_audited;

/* Which specification this is, how large the structs are, and the best instruction set of this processor. */
DG_API int32_t dg_specification(void);
DG_API void dg_sizes(int32_t sizes[7]);
DG_API int32_t dg_level(void);
DG_API const char *dg_source(void);

/* Floats to work in, for any of the functions of a plan; doubles for dg_features. */
DG_API int64_t dg_workspace(const dg_plan *plan);
DG_API int64_t dg_window_workspace(const dg_window *window);

/* One answer. out: x (d), u (k), base logits (C0), margin, r (B), t (largest C_b), logits (C), probabilities (C).
 * who: active units (k), states (B), speaker, top, unsure. z: D + 1 in lanes, written where there are banks. */
DG_API void dg_answer(const dg_plan *plan, const float *raw, float *out, int32_t *who, float *z, float *work);

DG_API void dg_normalise(const dg_plan *plan, const float *raw, float *x);
DG_API void dg_embed(const dg_plan *plan, const float *raw, int32_t rows, float *z, float *work);
DG_API void dg_embed_normalised(const dg_plan *plan, const float *x, float *z, float *work);
DG_API float dg_router(const dg_plan *plan, int32_t bank, const float *z);
/* What a bank does on z above the class *below (-1: none), which becomes the class that answers from there on. */
DG_API int32_t dg_decide(const dg_plan *plan, int32_t bank, const float *z, int32_t *below, float *work);
/* Logits as if these units were active, or this bank (-1: the base) had spoken. */
DG_API void dg_forced(const dg_plan *plan, const float *raw, const int32_t *active, int32_t count, int32_t bank,
                      float *logits, float *work);

/* Of many inputs, each by itself. dg_answers gives out and who of dg_answer, one row an input. */
DG_API void dg_answers(const dg_plan *plan, const float *raw, int32_t rows, float *out, int32_t *who, float *work);
DG_API void dg_logits(const dg_plan *plan, const float *raw, int32_t rows, float *logits, float *work);
DG_API void dg_active(const dg_plan *plan, const float *raw, int32_t rows, int32_t *active, float *work);
DG_API void dg_knows(const dg_plan *plan, const float *raw, int32_t rows, uint8_t *knows, float *work);
/* Answers again; column i of the reference (rows, columns) is the living class map[i]; -1 is passed over. */
DG_API void dg_audit(const dg_plan *plan, const float *raw, int32_t rows, const float *reference, int32_t columns,
                     const int32_t *map, dg_audited *result, float *work);
/* r of a bank on rows of z (D + 1 in lanes each); returns the first that is not below the limit, -1 for none. */
DG_API int32_t dg_prove_closed(const dg_plan *plan, int32_t bank, const float *z, int32_t rows, float limit, float *r);
/* -(|p|^2 - reach) / 2 of rows (rows, d), in double lanes. */
DG_API void dg_near_start(const float *near, int32_t rows, int32_t inputs, const float *reach, float *start);

/* Features of a window (n, channels); returns 0, and writes nothing, where a value is not within +-1e18. */
DG_API int32_t dg_features(const dg_window *window, const float *samples, float *out, double *work);

#endif
