/* What golden.results gives, without Python: reads the cases that portable.py writes from the standard input, calls
 * every function of kernel.h, and writes the same bytes in the same order to the standard output. Numbers in both are
 * little-endian, one after the other without gaps:
 *
 *     file      inputs of each case; list of cases; list of windows, each with its samples
 *     number    4 bytes in structs, and of tables of a window 8
 *     array     how many numbers, 4 bytes, -1 for a null pointer; then these
 *     list      how many, 4 bytes; then these. A base and a phi are a list of one, or -1 where there is none
 *     struct    its fields, in the order of parts.py and golden.Case
 *
 * All memory has just the size that kernel.h says, so that a sanitizer sees what reads or writes beyond it.
 */
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANES(n) (((n) + DG_LANES - 1) / DG_LANES * DG_LANES)

static void fail(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(2);
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

/* Everything lives until the end of its case. */
static void *kept[512];
static int held;

static void *room(size_t bytes) {
    void *memory = malloc(bytes);
    if (held == 512 || (!memory && bytes)) fail("out of memory");
    return kept[held++] = memory;
}

static float *floats(int64_t count) { return room((size_t)count * sizeof(float)); }

static void free_all(void) {
    while (held) free(kept[--held]);
}

/* -- numbers of files ---------------------------------------------------------------------------------------------- */

/* Turns numbers round where the machine has the high byte first. */
static void little_endian(unsigned char *bytes, size_t count, size_t size) {
    const uint16_t probe = 1;
    if (*(const unsigned char *)&probe) return;
    for (size_t i = 0; i < count; i++)
        for (size_t low = 0, high = size - 1; low < high; low++, high--) {
            const unsigned char was = bytes[i * size + low];
            bytes[i * size + low] = bytes[i * size + high];
            bytes[i * size + high] = was;
        }
}

static void take(void *to, size_t count, size_t size) {
    if (count && fread(to, size, count, stdin) != count) fail("the input ends early");
    little_endian(to, count, size);
}

static void give(const void *from, size_t count, size_t size) {
    unsigned char *copy;
    if (!count) return;
    if (!(copy = malloc(count * size))) fail("out of memory");
    memcpy(copy, from, count * size);
    little_endian(copy, count, size);
    if (fwrite(copy, size, count, stdout) != count) fail("the output cannot be written");
    free(copy);
}

static int32_t whole(void) {
    int32_t value;
    take(&value, 1, sizeof value);
    return value;
}

static float number(void) {
    float value;
    take(&value, 1, sizeof value);
    return value;
}

static void *array(size_t size) {
    const int32_t count = whole();
    void *memory;
    if (count < 0) return NULL;
    memory = room((size_t)count * size);
    take(memory, (size_t)count, size);
    return memory;
}

static void give_whole(int32_t value) { give(&value, 1, sizeof value); }

static void give_floats(const float *values, int64_t count) { give(values, (size_t)count, sizeof *values); }

static void give_wholes(const int32_t *values, int64_t count) { give(values, (size_t)count, sizeof *values); }

/* -- structs ------------------------------------------------------------------------------------------------------- */

/* In C the fields of an initialiser in braces may be read in any order: hence one statement each. */

static dg_near read_near(void) {
    dg_near near;
    near.rows = whole();
    near.near = array(4);
    near.start = array(4);
    return near;
}

static dg_base *read_base(void) {
    dg_base *base = room(sizeof *base);
    base->hidden = whole();
    base->active = whole();
    base->outputs = whole();
    base->projected = whole();
    base->psi = array(4);
    base->theta = array(4);
    base->c = array(4);
    base->W1 = array(4);
    base->b1 = array(4);
    base->V = array(4);
    base->b2 = array(4);
    base->classes = array(4);
    base->place = array(4);
    return base;
}

static dg_phi *read_phi(void) {
    dg_phi *phi = room(sizeof *phi);
    phi->hidden = whole();
    phi->waves = whole();
    phi->width = whole();
    phi->W1 = array(4);
    phi->b1 = array(4);
    phi->gain = array(4);
    phi->signs = array(4);
    phi->lengths = array(4);
    phi->omega = array(4);
    phi->phase = array(4);
    phi->scale = number();
    return phi;
}

static void read_bank(dg_bank *bank) {
    bank->outputs = whole();
    bank->always = whole();
    bank->tau = number();
    bank->delta = number();
    bank->w = array(4);
    bank->R = array(4);
    bank->classes = array(4);
    bank->place = array(4);
    bank->near = read_near();
}

static dg_plan read_plan(void) {
    dg_plan plan;
    dg_bank *banks;
    plan.inputs = whole();
    plan.living = whole();
    plan.temperature = number();
    plan.mean = array(4);
    plan.scale = array(4);
    plan.base = whole() > 0 ? read_base() : NULL;
    plan.phi = whole() > 0 ? read_phi() : NULL;
    plan.banks = whole();
    plan.bank = banks = room((size_t)plan.banks * sizeof *banks);
    for (int32_t b = 0; b < plan.banks; b++) read_bank(&banks[b]);
    plan.weights = array(4);
    plan.near = read_near();
    plan.lead = number();
    return plan;
}

static dg_window read_window(void) {
    dg_window window;
    window.samples = whole();
    window.channels = whole();
    window.lanes = whole();
    window.bands = whole();
    window.pairs = whole();
    window.factors = whole();
    window.factor = array(4);
    window.band = array(4);
    window.pair = array(4);
    window.taper = array(8);
    window.wheel = array(8);
    return window;
}

/* -- calls --------------------------------------------------------------------------------------------------------- */

static const float *row(const float *rows, int32_t i, int32_t size) { return rows + (size_t)i * (size_t)size; }

/* golden._answers */
static void answers(const dg_plan *plan, const float *inputs, int32_t rows, const int32_t *map, float *work) {
    const int32_t d = plan->inputs, living = plan->living, k = plan->base ? plan->base->active : 0;
    const int32_t z_size = plan->banks ? LANES(plan->phi->waves + 1) : 0, who_size = k + plan->banks + 3;
    int32_t out_size = d + k + (plan->base ? plan->base->outputs : 0) + 1 + plan->banks + 2 * living, widest = 0;
    float *out, *outs, *x = floats(d), *z = floats(z_size), *logits = floats(rows * living), *was = floats(rows * living);
    int32_t *who = room((size_t)who_size * sizeof *who), *whos = room((size_t)rows * (size_t)who_size * sizeof *whos);
    uint8_t *knows = room((size_t)rows);
    dg_audited found;
    for (int32_t b = 0; b < plan->banks; b++) widest = plan->bank[b].outputs > widest ? plan->bank[b].outputs : widest;
    out_size += widest;
    out = floats(out_size);
    outs = floats((int64_t)rows * out_size);
    for (int32_t i = 0; i < rows; i++) {
        dg_answer(plan, row(inputs, i, d), out, who, z, work);
        give_floats(out, out_size);
        give_wholes(who, who_size);
        give_floats(z, z_size);
        dg_normalise(plan, row(inputs, i, d), x);
        give_floats(x, d);
    }
    dg_answers(plan, inputs, rows, outs, whos, work);
    give_floats(outs, (int64_t)rows * out_size);
    give_wholes(whos, (int64_t)rows * who_size);
    dg_logits(plan, inputs, rows, logits, work);
    give_floats(logits, rows * living);
    if (plan->weights) {
        dg_knows(plan, inputs, rows, knows, work);
        give(knows, (size_t)rows, 1);
    }
    for (int32_t i = 0; i < rows; i++) {
        const int32_t from = i < 5 ? i : rows + 4 - i;
        memcpy(was + (size_t)i * (size_t)living, row(logits, from, living), (size_t)living * sizeof *was);
    }
    dg_audit(plan, inputs, rows, was, living, map, &found, work);
    give_whole(found.checked);
    give_whole(found.first);
    give_whole(found.bits);
    give_whole(found.flips);
    give_floats(&found.largest, 1);
}

/* golden._of_base */
static void of_base(const dg_plan *plan, const float *inputs, int32_t rows, float *work) {
    const int32_t k = plan->base->active;
    int32_t *active = room((size_t)rows * (size_t)k * sizeof *active);
    float *logits = floats(plan->living);
    dg_active(plan, inputs, rows, active, work);
    give_wholes(active, rows * k);
    for (int32_t i = 0; i < rows; i++) {
        dg_forced(plan, row(inputs, i, plan->inputs), active + (i + 1) % rows * k, k, DG_BASE, logits, work);
        give_floats(logits, plan->living);
    }
}

/* golden._of_banks */
static void of_banks(const dg_plan *plan, const float *inputs, int32_t rows, float limit, float *work) {
    const int32_t d = plan->inputs, size = LANES(plan->phi->waves + 1);
    float *z = floats(rows * size), *one = floats(size), *x = floats(d), *r = floats(rows);
    float *logits = floats(plan->living);
    dg_embed(plan, inputs, rows, z, work);
    give_floats(z, rows * size);
    for (int32_t i = 0; i < rows; i++) {
        dg_normalise(plan, row(inputs, i, d), x);
        dg_embed_normalised(plan, x, one, work);
        give_floats(one, size);
    }
    for (int32_t b = 0; b < plan->banks; b++) {
        give_whole(dg_prove_closed(plan, b, z, rows, limit, r));
        give_floats(r, rows);
        for (int32_t i = 0; i < rows; i++) {
            const float router = dg_router(plan, b, row(z, i, size));
            int32_t below = i % 7 - 1;
            give_floats(&router, 1);
            give_whole(dg_decide(plan, b, row(z, i, size), &below, work));
            give_whole(below);
            dg_forced(plan, row(inputs, i, d), NULL, 0, b, logits, work);
            give_floats(logits, plan->living);
        }
    }
}

static void network_case(int32_t rows) {
    const dg_plan plan = read_plan();
    const float *inputs = array(4);
    const int32_t *map = array(4);
    const float *reach = array(4), limit = number();
    float *work = floats(dg_workspace(&plan)), *start = floats(rows);
    answers(&plan, inputs, rows, map, work);
    if (plan.base) of_base(&plan, inputs, rows, work);
    if (plan.phi) of_banks(&plan, inputs, rows, limit, work);
    dg_near_start(inputs, rows, plan.inputs, reach, start);
    give_floats(start, rows);
}

static void window_case(void) {
    const dg_window window = read_window();
    const float *samples = array(4);
    const int32_t size = (5 + window.bands) * window.channels + window.pairs;
    float *out = floats(size);
    double *work = room((size_t)dg_window_workspace(&window) * sizeof *work);
    if (!dg_features(&window, samples, out, work)) fail("samples without features");
    give_floats(out, size);
}

int main(void) {
    const int32_t rows = whole();
    for (int32_t left = whole(); left > 0; left--, free_all()) network_case(rows);
    for (int32_t left = whole(); left > 0; left--, free_all()) window_case();
    if (fflush(stdout)) fail("the output cannot be written");
    return 0;
}
