# Rscript linear.R <inputs> <outputs>: reference values of lm, sandwich's vcovHC and vcovCL, car's Anova and emmeans.
library(sandwich)
suppressPackageStartupMessages(library(car))
library(emmeans)
folders <- commandArgs(trailingOnly = TRUE)
gbsg2 <- read.csv(file.path(folders[1], "gbsg2.csv"), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", as.numeric(value)))
}
gbsg2$tgrade <- factor(gbsg2$tgrade, levels = c("I", "II", "III"))
gbsg2$horTh <- factor(gbsg2$horTh, levels = c("no", "yes"))
gbsg2$cens <- factor(gbsg2$cens)
gbsg2$case <- 1 + (gbsg2$age %% 4) / 2
gbsg2$site <- gbsg2$age %/% 3
root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-14, maxiter = 10000)$root

plain <- function(name, formula, weighted = FALSE, exposure = NULL) {
  gbsg2$w <- if (weighted) gbsg2$case else 1
  fit <- lm(formula, gbsg2, weights = w)
  table <- summary(fit)
  terms <- names(coef(fit))
  note(name, terms, "coefficient", coef(fit))
  note(name, terms, "std_error", table$coefficients[, 2])
  note(name, terms, "statistic", table$coefficients[, 3])
  note(name, terms, "p", table$coefficients[, 4])
  note(name, terms, "low", confint(fit)[, 1])
  note(name, terms, "high", confint(fit)[, 2])
  note(name, "model", c("r_squared", "adjusted_r_squared", "residual_sd", "f"),
       c(table$r.squared, table$adj.r.squared, table$sigma, table$fstatistic[1]))
  for (type in c("HC0", "HC1", "HC2", "HC3")) note(name, terms, paste0("error_", tolower(type)), sqrt(diag(vcovHC(fit, type = type))))
  note(name, terms, "error_cluster", sqrt(diag(vcovCL(fit, cluster = gbsg2$site))))
  factors <- names(which(sapply(gbsg2[all.vars(formula)], is.factor)))
  coded <- lm(formula, gbsg2, weights = w, contrasts = setNames(rep(list("contr.sum"), length(factors)), factors))
  tests <- Anova(coded, type = 3)
  inner <- rownames(tests)[2:(nrow(tests) - 1)]
  note(name, inner, "type3_f", tests[inner, "F value"])
  note(name, inner, "type3_p", tests[inner, "Pr(>F)"])
  note(name, inner, "type3_df", tests[inner, "Df"])
  squares <- tests[inner, "Sum Sq"]
  note(name, inner, "partial_r_squared", squares / (squares + tests["Residuals", "Sum Sq"]))
  robust <- suppressMessages(Anova(coded, type = 3, white.adjust = "hc3"))
  note(name, inner, "type3_hc3_f", robust[inner, "F"])
  if (!is.null(exposure)) {
    means <- suppressMessages(emmeans(fit, exposure))
    table <- as.data.frame(means)
    note(name, paste("mean", table[[1]]), "estimate", table$emmean)
    note(name, paste("mean", table[[1]]), "std_error", table$SE)
    note(name, paste("mean", table[[1]]), "low", table$lower.CL)
    pairs <- as.data.frame(summary(pairs(means, reverse = TRUE, adjust = "none"), infer = TRUE))
    note(name, paste("difference", pairs$contrast), "estimate", pairs$estimate)
    note(name, paste("difference", pairs$contrast), "std_error", pairs$SE)
    note(name, paste("difference", pairs$contrast), "high", pairs$upper.CL)
    note(name, paste("difference", pairs$contrast), "p", pairs$p.value)
    t <- pairs$t.ratio
    per_t <- pairs$SE / sigma(fit)
    note(name, paste("difference", pairs$contrast), "d", t * per_t)
    low <- suppressWarnings(sapply(t, function(t) root(function(d) pt(t, fit$df.residual, d) - 0.975, t - 6, t + 6)))
    note(name, paste("difference", pairs$contrast), "d_low", low * per_t)
  }
  fit
}
invisible(plain("numbers", time ~ age + pnodes + tgrade))
invisible(plain("ancova", time ~ tgrade + age + horTh + cens, exposure = "tgrade"))
invisible(plain("weighted", time ~ tgrade + age + horTh, weighted = TRUE, exposure = "tgrade"))
invisible(plain("product", time ~ tgrade + age + horTh + tgrade:horTh, exposure = "tgrade"))
fit <- plain("slopes", time ~ age + horTh + pnodes + age:horTh)
values <- c(21, 50.5, 80)
for (level in c("no", "yes")) {
  line <- predict(fit, data.frame(age = values, horTh = factor(level, c("no", "yes")), pnodes = mean(gbsg2$pnodes)), interval = "confidence")
  for (column in c("fit", "lwr", "upr")) note("slopes", paste(level, values), paste0("line_", column), line[, column])
}
scaled <- lm(scale(time) ~ scale(age) + scale(pnodes) + tgrade, gbsg2)
note("numbers", c("age", "pnodes"), "standardised", coef(scaled)[2:3])
write.csv(do.call(rbind, found), file.path(folders[2], "linear.csv"), row.names = FALSE, quote = FALSE)
