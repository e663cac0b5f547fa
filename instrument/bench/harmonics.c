/* The inner loop of a bank of sines, Reinsch's recurrence as in instrument/dsp/harmonic.py: the
   bench lets a C compiler make the best of it, and holds the kernel against that. */

void sum_harmonics(const float *restrict sine, const float *restrict curvature,
                   const float *restrict sign, const float *restrict weight,
                   const float *restrict signed_weight, float *restrict change,
                   float *restrict total, const float *restrict start,
                   const float *restrict end, float *restrict out, int harmonics, int samples)
{
    for (int i = 0; i < samples; i++)
        change[i] = total[i] = 0.0f;
    for (int lowest = (harmonics - 1) / 4 * 4; lowest >= 0; lowest -= 4) {
        float a[4], step[4];
        for (int k = 0; k < 4; k++) {
            a[k] = lowest + k < harmonics ? start[lowest + k] : 0.0f;
            step[k] = lowest + k < harmonics ? end[lowest + k] - a[k] : 0.0f;
        }
        for (int i = 0; i < samples; i++) {
            const float w = weight[i], sw = signed_weight[i], s = sign[i], c = curvature[i];
            float d = change[i], b = total[i];
            d = c * b + ((step[3] * w + a[3]) + d);
            b += d;
            d = c * b + (a[2] * s + (step[2] * sw + d));
            b += d;
            d = c * b + ((step[1] * w + a[1]) + d);
            b += d;
            d = c * b + (a[0] * s + (step[0] * sw + d));
            change[i] = d;
            total[i] = b + d;
        }
    }
    for (int i = 0; i < samples; i++)
        out[i] += total[i] * sine[i];
}
