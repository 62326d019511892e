//! The middle of several measurements. By itself, since `load` does without the counting allocator of
//! the harness.

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
