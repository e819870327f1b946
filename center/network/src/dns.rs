//! Answers names as the region and the service of the asker want them, from dated data, over UDP and TCP.
