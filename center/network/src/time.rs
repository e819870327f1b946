//! Tells the time to routers and terminals (NTPv4), as little per question as was asked.
