//! Taking a mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also where a thread has panicked with it: the release builds end at a panic anyway, and in a test it is
/// the panic that counts.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
