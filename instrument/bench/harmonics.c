/* The inner loop of a bank of sines, Clenshaw's recurrence as in instrument/dsp/harmonic.py: the
   bench lets a C compiler make the best of it, and holds the kernel against that. */

void sum_harmonics(const double *restrict sine, const double *restrict double_cosine,
                   const double *restrict weight, const float *restrict start,
                   const float *restrict end, int harmonics, int samples,
                   double *restrict b1, double *restrict b2, float *restrict out)
{
    for (int i = 0; i < samples; i++)
        b1[i] = b2[i] = 0.0;
    if (harmonics % 2) { /* the highest alone; below it they go in pairs */
        harmonics--;
        const double top_start = start[harmonics], top_step = (double)end[harmonics] - top_start;
        for (int i = 0; i < samples; i++)
            b1[i] = top_start + top_step * weight[i];
    }
    for (int k = harmonics - 1; k > 0; k -= 2) {
        const double upper_start = start[k], upper_step = (double)end[k] - start[k];
        const double lower_start = start[k - 1], lower_step = (double)end[k - 1] - start[k - 1];
        for (int i = 0; i < samples; i++) {
            const double w = weight[i], c = double_cosine[i];
            const double upper = (upper_start + upper_step * w - b2[i]) + c * b1[i];
            b1[i] = (lower_start + lower_step * w - b1[i]) + c * upper;
            b2[i] = upper;
        }
    }
    for (int i = 0; i < samples; i++)
        out[i] += (float)(b1[i] * sine[i]);
}
