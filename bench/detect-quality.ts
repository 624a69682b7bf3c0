// `npm run bench:detect-quality [normal readings of each kind] [gusts, storms and spikes of each kind]`: false alarms and detection
// of the detector, of simpler methods and of AWS's thresholded forest, on simulated wind of many kinds, on series of other
// kinds, and on the real files where they're at hand.
import { quality } from "./detect-quality/quality.ts";

const [readings = 60_000, placements = 50] = process.argv.slice(2).map(Number);
quality({ readings, placements }, (line) => console.log(line));
