//! Lets clinics reach the hosts of the list and nothing else, outside of closures.
