//! shop_bugs
