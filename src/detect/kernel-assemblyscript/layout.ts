// Where a forest lies in memory: byte offsets from its header, for the kernel and for ../header.ts alike.
export const DIMENSIONS = 0;
export const TREES = 4;
export const SAMPLE_SIZE = 8;
/** Samples held by each tree; all trees fill alike. */
export const SIZE = 12;
/** Four words of the random numbers' state. */
export const RANDOM = 16;
/** exp(timeDecay) to the power of the points learnt since the last rescaling. */
export const GROWTH = 32;
export const GROWTH_PER_POINT = 40;
/** Sum of the growth factor over the points learnt with full samples. */
export const HAZARD = 48;
/** The point at hand: f32 × dimensions, readable 16 bytes beyond. */
export const POINT = 56;
/** f64 tables up to sampleSize + 1: log2(i), and 1 / (i + 1). */
export const LOG2 = 60;
export const INVERSE = 64;
/** f64 a tree: the hazard at which it accepts its next point. */
export const TARGETS = 68;
export const TREE_BLOCKS = 72;
export const TREE_STRIDE = 76;

// Offsets from a tree's block to its arrays.
export const HEAP_WEIGHTS = 80;
export const HEAP_LEAVES = 84;
// In one dimension:
export const CUTS = 88;
export const DEPTHS = 92;
export const MASSES = 96;
// In several:
export const LEAVES = 88;

// Slabs shared by the forest's trees: the first free entry's address, then how many are free.
export const FREE_POINT = 100;
export const FREE_BOX = 108;
/** Room for a box. */
export const SCRATCH = 116;
/** f64 a level of a tree, see cut-tree-scores.ts. */
export const PARTINGS = 120;
/** Four words: which lanes of a point's last vector hold coordinates. */
export const TAIL_MASK = 128;
