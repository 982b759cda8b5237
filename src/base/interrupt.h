// Ctrl-C: the first one asks the running operation to finish its step and save; the second ends the process at once
// with exit code 130. The flag is process-wide because signals are.
#pragma once

namespace r1 {

void install_interrupt_handler();  // SIGINT and SIGTERM
bool interrupted();                // thread-safe
void clear_interrupt();            // a chat uses it after stopping an answer

}  // namespace r1
